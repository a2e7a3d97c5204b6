/** Words of general English that often stand for each other in questions. @module */

import { stem } from "./words.ts";

/** One line is one group; a word may stand in several. */
const GROUPS = `
  price cost fee expensive cheap charge pay bill money spend amount
  pay reward earn income revenue money compensate remunerate gain profit
  buy purchase acquire obtain bought
  sell monetize trade transfer
  free gratis prepaid
  enough sufficient cover balance
  credit balance fund budget prepaid
  job task work run execution computation process
  run execute launch start perform trigger process
  machine computer hardware server node host device laptop
  program app iapp application software code script
  person user human individual customer client account
  colleague friend teammate partner team other account
  requester buyer customer consumer caller
  owner holder proprietor administrator admin operator root
  provider supplier operator offer
  creator author developer builder programmer engineer
  develop build create write program code
  begin start bootstrap scaffold init initialize new create
  group pool cluster set team
  party participant member actor role stakeholder side
  marketplace market exchange
  store save keep hold persist storage retain
  read see view look inspect access open spy snoop eavesdrop peek watch
  secret confidential private hidden sensitive password credential key
  private privacy confidential
  key password credential token
  encrypt cipher scramble lock seal unreadable
  decrypt unlock decipher open
  protect secure safe guard shield isolate defend
  proof prove evidence attest certify demonstrate guarantee sure
  check verify validate confirm test ensure
  try test simulate experiment
  local locally own
  trust trustworthy reliable
  genuine authentic real legitimate
  unmodified unchanged original intact
  modify change alter tamper update upgrade edit
  version release upgrade update
  permission permit access authorize allow grant right consent
  revoke cancel withdraw remove undo retract back
  forbid deny refuse reject disallow ban
  send transmit deliver email mail message
  email mail inbox newsletter
  chat message telegram
  recipient contact addressee subscriber
  reveal disclose expose show learn discover leak share
  result output outcome answer response
  input argument parameter
  question query request
  file document folder directory
  data dataset information record
  publish deploy release public
  public visible anyone everybody
  deliver return callback send
  produce write create generate output
  finish complete end done conclude succeed
  success succeed complete
  fail failure crash error problem wrong broken bug
  limit maximum cap bound restrict most
  deadline timeout late
  time long hour minute duration period last
  repeat twice duplicate again
  dispute disagree conflict contradict
  agree consensus agreement match
  cheat lie dishonest malicious fraud misbehave punish
  penalty penalize punish punishment slash confiscate lose loss
  deposit stake collateral lock
  refund reimburse recover claim back
  chain blockchain ledger network
  internet network online web
  coin token currency cryptocurrency money
  tiny small little minimum short
  part fraction unit piece subdivision share
  transfer move bridge send
  order listing advertisement
  contract deal agreement
  schedule organize coordinate manage arrange
  select choose pick match
  identifier id address name
  memory ram
  processor cpu chip silicon
  amazon aws nitro ec2
  connect link plug
  library package sdk module tool
  command cli terminal
  container docker image
  picture photo image
  kind type sort category class
  big large huge great
  delete erase remove
  purpose goal aim
  difference differ different distinguish versus compare
  mean stand abbreviation acronym letter name call
  collaborate cooperate
  remember memory history forget recall conversation
  restart crash kill reboot
  several many multiple bulk batch together group
  vm virtual machine
  arrive come deliver receive reach incoming
  assign hand distribute allocate dispatch
  expire expiration valid validity forever permanent lifetime
  debug diagnose troubleshoot wrong fail
  download fetch retrieve obtain
  upload push publish
  install setup configure
  whole entire complete full
  individual single each one
  technology technique hardware
  author writer developer creator
  log record trace write
  restrict limit condition
  withdraw revoke take
  contain hold include consist
  exist supply total
  language javascript python
`;

const SAME: ReadonlyMap<string, ReadonlySet<string>> = group();

/** Stems that may stand for this one, itself excluded. */
export function similarTo(term: string): ReadonlySet<string> {
  return SAME.get(term) ?? NONE;
}

const NONE: ReadonlySet<string> = new Set();

function group(): Map<string, Set<string>> {
  const same = new Map<string, Set<string>>();
  for (const line of GROUPS.trim().split("\n")) {
    const stems = line.trim().split(" ").map(stem);
    for (const one of stems) {
      const others = same.get(one) ?? new Set();
      for (const other of stems) if (other !== one) others.add(other);
      same.set(one, others);
    }
  }
  return same;
}
