/**
 * What people say around a question, and the forms that questions have, in five languages. Every pattern is matched
 * against folded text: without accents, with plain apostrophes, and whatever its case. @module
 */

import type { Spoken } from "./language.ts";

/** Sources of regular expressions, one set for each language. An empty one matches nothing. */
interface PhraseSources {
  /** Greetings, thanks and leave-takings, at the start of a sentence. */
  readonly hello: string;
  readonly thanks: string;
  readonly bye: string;
  /** Whom a greeting is for, besides a name. */
  readonly addressees: string;
  /** `How are you?` */
  readonly smallTalk: string;
  /** What leads to a question: `could you tell me`, `quick question`. */
  readonly leads: string;
  /** What may follow one: `please`. */
  readonly trails: string;
  /** Who asks, or in which mood: `my name is …`, `I'm new here`. */
  readonly asides: string;
  /** `What is …`, before the thing. */
  readonly defines: string;
  /** `… means`, behind the thing. */
  readonly definesBehind: string;
  /** `How do I …` */
  readonly how: string;
  /** `How many …` */
  readonly howMany: string;
  /** Two things compared: groups 1 and 2 are the things. */
  readonly compares: string;
  /** Words that begin a question or an order. */
  readonly begins: string;
  /** `and`, before a second question. */
  readonly and: string;
  /** What begins a question that goes on from the one before. */
  readonly continues: string;
  /** Words that point back to what was spoken of. */
  readonly pointsBack: string;
  /** `Tell me more.` */
  readonly more: string;
  /** The agent itself. */
  readonly agent: string;
  /** The news of the day. */
  readonly news: string;
  readonly who: string;
  /** `What can you do?` */
  readonly abilities: string;
}

const SOURCES: Readonly<Record<Spoken, PhraseSources>> = {
  en: {
    hello:
      "hi+|hello+|hey+|hiya|greetings(?: from [A-Z]\\p{L}+)?|howdy|yo|dear|good (?:morning|afternoon|evening|day)|(?:nice|pleased) to meet you",
    thanks:
      "(?:many |a lot of )?thanks?(?: you| u)?(?: (?:so much|very much|a lot|again|a million|in advance))?(?: for [^.?!,]*)?|thx|ty|cheers|much appreciated|appreciate it|(?:kind|best|warm) regards|regards",
    bye:
      "bye(?: bye)?|good ?bye|good ?night|see (?:you|ya)(?: (?:later|soon))?|farewell|have a (?:nice|good|great) (?:day|one|evening|weekend)|take care",
    addressees:
      "there|all|team|everyone|everybody|folks|guys|agent|bot|assistant|friend|friends|sir|madam|again|support",
    smallTalk:
      "how (?:are (?:you|things)|do you do)(?: (?:doing|today))*|how(?:'s| is) it going|what(?:'s| is) up|how have you been|(?:i )?hope (?:you|this|all)[^.?!]*",
    leads:
      "(?:please|pls|plz|kindly|so|ok|okay|well|now|then|also|but|and|basically|actually|hm+|um+|anyway|by the way|btw|just|honestly|again)|(?:can|could|would|will) (?:you|u|someone|anybody|anyone)(?: (?:please|pls|kindly|quickly|briefly|maybe|perhaps))*(?: (?:tell|explain|describe|show|help|teach|remind|give|list|answer|let)(?: (?:to )?(?:me|us))?(?: (?:know|understand|with|about))?)?|do (?:you|u) (?:happen to )?know|i(?:'d| would| just|'m| am)? (?:like|love|want|need|wanna|trying|curious|interested|wondering|was wondering)(?: (?:to|in))?(?: (?:know|learn|understand|ask|find out|hear|read|see|get))?(?: (?:more|something|a bit))?(?: (?:about|if|whether))?|i (?:was|am|have been) (?:just )?wondering(?: (?:if|whether))?|i(?:'ve| have)(?: got)? (?:a|one|another) (?:quick |short |small |simple |stupid |dumb )?question(?: (?:about|on|for you))?|(?:quick|short|small|simple|stupid|dumb|one|another|next|my) (?:more )?question(?: for you)?|question|(?:sorry|excuse me|pardon(?: me)?)(?: (?:to|for) (?:bother|bothering|disturb|disturbing|asking)(?: you)?)?(?: again)?(?:,? but)?|tell me(?: please)?|let me know|help me understand|any idea|what i (?:want|need) to know is|(?:may|can|could) i (?:please )?(?:ask|know)(?: you)?(?: something| a question)?|one (?:more )?thing",
    trails:
      "please|pls|plz|thanks?(?: you)?(?: (?:so much|very much|a lot|in advance|again))?|thx|ty|cheers|asap|kindly|if (?:you don't mind|i may ask|possible)|by the way|btw|exactly|then|again|in (?:short|brief|a nutshell|simple (?:words|terms)|plain english|detail)|briefly|lol|haha|for (?:dummies|beginners|me)|to me|anyone|i wonder|asking for a friend|best regards|regards|(?:and )?have a (?:nice|good|great) day",
    asides:
      "(?:my name is|my name's|this is|i am|i'm|im|it's) [A-Z]\\p{L}+(?: [A-Z]\\p{L}+)?(?:,? (?:from|of|at|in) (?:the )?[A-Z]\\p{L}+)?(?: here)?|(?:i'm|i am|im) (?:very |quite |totally |completely |a bit )?(?:new|newbie|confused|lost|a (?:beginner|newbie|student|developer|journalist|noob))(?: (?:here|to (?:this|all this|it)|around))?|(?:i )?just (?:joined|started|arrived)(?: here)?|(?:i'm )?asking for a friend|my (?:boss|friend|colleague|teacher|manager) (?:asked|told|wants)[^.?!,]*|(?:i )?(?:really )?(?:love|like) (?:this|your)[^.?!,]*|(?:sorry|excuse) (?:for )?my (?:bad )?english|this is urgent|it'?s urgent|urgent|first time here|long time no see",
    defines:
      "(?:what(?:'s|s| is| are| was| were| exactly (?:is|are))|define|explain|describe|tell (?:me|us) (?:all |everything |something |more |a bit |a little )*about|(?:what do you know|info|information|something|everything|more|details|learn|read|hear|know|talk|understand) (?:about|on)|(?:the )?(?:definition|meaning|concept|purpose|role|idea) of|give me (?:a|the|some) [^.?!]*? (?:of|on|about)|introduce me to|about|overview of|what (?:do you|you) (?:mean|understand) by|what(?:'s| is) (?:the )?(?:meaning|definition|purpose|role|point|concept|idea) (?:of|behind))",
    definesBehind:
      "what (?:do|does|did) (.+?) (?:mean|stand for|do|refer to)$|what (.+?) (?:is|are|means?|does|do|stands? for)$|(?:^|\\s)(?:definition|meaning|explained|means?|basics|info|please explain|overview)$|how (?:do|does) (.{1,40}?) work$",
    how:
      "how (?:do|can|could|should|would|might) (?:i|you|we|one|people|somebody|someone)|how to|how (?:is|are) .* (?:done|made)|what (?:do|must|should) i (?:do|call|run|type|use)|which (?:command|method|function|call)",
    howMany: "how many|what (?:amount|number|quantity)",
    compares:
      "(?:difference|differences|distinction|comparison)s? (?:between|of) (?:an? |the )?(.+?) (?:and|vs\\.?|versus|or) (?:an? |the )?(.+)|(?:compare|distinguish) (?:an? |the )?(.+?) (?:and|with|to|from|vs\\.?) (?:an? |the )?(.+)|how (?:does|do|is|are) (?:an? |the )?(.+?) (?:differ|different|compare[ds]?) (?:from|to|than|with) (?:an? |the )?(.+)|(?:^|is |are )(?:an? |the )?([^?]+?) (?:vs\\.?|versus) (?:an? |the )?(.+)|is (?:an? |the )?(.+?) (?:the same as|different (?:from|than|to)) (?:an? |the )?(.+)",
    begins:
      "who|whose|what|whats|what's|which|when|where|why|how|is|are|am|was|were|can|could|do|does|did|will|would|should|shall|may|must|has|have|tell|explain|describe|show|give|list|define|compare|help|name|write|translate",
    and: "and|also|plus",
    continues: "and|but|so|then|also|what about|how about|why|why not|how so|or|plus",
    pointsBack:
      "it|its|they|them|their|theirs|this|that|these|those|there|one|ones|he|she|him|her|his|same|such|former|latter",
    more:
      "(?:tell|show|give) me more|more(?: (?:please|details|info|information|about (?:it|that|this)))?|go on|continue|elaborate|(?:can|could) you elaborate|what else|anything else|details|in more detail",
    agent: "you|your|yours|yourself|u",
    news:
      "right now|at the moment|at present|today|tonight|tomorrow|yesterday|latest|newest|upcoming|what (?:time|day|date) is it|(?:next|last|this) (?:week|month|year|version|release)|current price|opening hours",
    who:
      "(?:who|what) (?:are|r) (?:you|u)|what(?: is|'s) your name|(?:introduce|present) yourself|tell me (?:something |a bit |more )*about yourself|are you (?:an? )?(?:bot|robot|ai|machine|human|person|real)",
    abilities:
      "what (?:can|do) you (?:do|know|offer)(?: for me| about)?|how can you help(?: me)?|what can (?:i|you) (?:ask|help)(?: (?:you|me))?(?: with| about)?|help(?: me)?|what (?:topics|questions)[^.?!]*|what do you know",
  },
  it: {
    hello: "ciao|salve|buon ?giorno|buona ?sera|buon pomeriggio|hey|ehi|gentile|gentili|caro|cara|egregi[oa]",
    thanks:
      "(?:mille |molte |tante )?grazie(?: (?:mille|tante|infinite|in anticipo|ancora|davvero))?|ti ringrazio|vi ringrazio|(?:cordiali |distinti )?saluti",
    bye: "arrivederci|addio|a presto|a dopo|buona ?notte|buona giornata|buona serata",
    addressees: "a tutti|tutti|ragazzi|team|amici|amico|agente|bot|assistente|di nuovo|ancora",
    smallTalk: "come (?:stai|sta|va|state)(?: oggi)?|tutto bene|come ti va",
    leads:
      "(?:per favore|perfavore|per piacere|per cortesia|gentilmente|cortesemente|allora|dunque|quindi|poi|ma|e|ok|bene|ecco|insomma|scusa(?:mi|te)?|mi scusi|scusi)|(?:mi )?(?:puoi|potresti|potreste|potete|puo|potrebbe|sai|sapresti|sapete)(?:mi|ci)?(?: (?:per favore|gentilmente|dirmi|spiegarmi|dire|spiegare|descrivere|aiutarmi(?: a capire)?|indicarmi|mostrarmi))*|(?:mi )?(?:spieghi|dici|dica|spiega|spiegami|dimmi|spiegatemi)|(?:vorrei|volevo|voglio|mi piacerebbe)(?: (?:sapere|capire|chiedere|chiederti|chiedervi))?(?: (?:se|di piu(?: su)?|qualcosa su))?|(?:ho|avrei) (?:una|un'altra) domanda(?: (?:su|per te))?|(?:una )?(?:domanda|curiosita)(?: veloce| rapida)?|mi chiedevo(?: se)?",
    trails:
      "per favore|perfavore|per piacere|per cortesia|grazie(?: (?:mille|tante|in anticipo))?|gentilmente|in breve|esattamente|in parole semplici|di preciso|secondo te",
    asides:
      "(?:mi chiamo|sono|il mio nome e) [A-Z]\\p{L}+(?: [A-Z]\\p{L}+)?(?:,? (?:da|di) [A-Z]\\p{L}+)?|sono (?:nuov[oa]|un principiante|alle prime armi)(?: (?:qui|qua|del settore))?|(?:non )?ci capisco (?:poco|nulla|niente)|e urgente|il mio capo[^.?!,]*",
    defines:
      "(?:che )?cos'?\\s?(?:a )?(?:e|sono|era)\\b'?|che cosa (?:e|sono|significa|vuol dire|si intende per|fa)|cosa (?:e|sono|significa|vuol dire|si intende per|fa|fanno)|che (?:e|significa|vuol dire)|qual e (?:il significato|la definizione|il senso|lo scopo) d\\S*|(?:definisci|spiega|spiegami|descrivi|descrivimi|definizione d\\S*|significato d\\S*|parlami d\\S*|raccontami d\\S*|dimmi (?:tutto |qualcosa )?su\\S*|informazioni su\\S*|info su\\S*)|a (?:che )?(?:cosa )?serv(?:e|ono)",
    definesBehind: "(?:che )?cosa (?:e|sono|significa|fa)$|(?:significato|definizione)$|come funzion(?:a|ano) .{1,40}$",
    how:
      "come (?:posso|si|faccio|devo|potrei|possiamo|fa)|come [a-z]+[oi]\\b|in che modo|quale (?:comando|metodo|funzione)|con quale",
    howMany: "quant[ei]",
    compares:
      "(?:differenz[ae]|distinzione|confronto|paragone)(?: c'e| ci sono| esiste)? (?:tra|fra) (?:l'|il |lo |la |i |gli |le |un'|un |uno |una )?(.+?) (?:e|ed|o) (?:l'|il |lo |la |i |gli |le |un'|un |uno |una )?(.+)|(?:confronta|paragona|distingui) (.+?) (?:e|ed|con) (.+)|in (?:che )?cosa (?:si )?differi\\w+ (.+?) (?:da|dal|e) (.+)|^(.+?) (?:vs\\.?|contro) (.+)",
    begins:
      "chi|che|cosa|cos'|cos|quale|quali|qual|quando|dove|dov'|perche|come|com'|quanto|quanti|quante|quanta|posso|puoi|si puo|e possibile|c'e|ci sono|devo|a cosa|in che|su quale|su quali|spiegami|dimmi|descrivi|definisci|parlami|elenca|scrivi|traduci",
    and: "e|ed|inoltre|poi",
    continues: "e|ma|ed|allora|quindi|poi|anche|invece|e se|perche|o",
    pointsBack:
      "esso|essa|essi|lo|la|li|le|ne|suo|sua|suoi|sue|questo|questa|questi|queste|quello|quella|quelli|ci|stesso|stessa|[a-z]+(?:arl|erl|irl)[oaie]",
    more:
      "dimmi di piu|di piu|ancora|continua|vai avanti|altri dettagli|piu dettagli|puoi approfondire|approfondisci|cos'altro|che altro|altro",
    agent: "tu|te|ti|tuo|tua|tuoi|tue|sei|hai|puoi|sai",
    news:
      "adesso|in questo momento|oggi|stasera|domani|ieri|che (?:ore sono|ora e|giorno e)|(?:prossim[oa]|scors[oa]|quest'?) ?(?:settimana|mese|anno|versione)|ultim[ae] (?:notizie|versione)",
    who:
      "(?:tu )?chi sei(?: tu)?|chi siete|come ti chiami|qual e il tuo nome|(?:che )?cosa sei|presentati|parlami di te|sei (?:un )?(?:bot|robot|umano|persona|macchina|ia)",
    abilities:
      "(?:che )?(?:cosa|cos') ?(?:sai fare|puoi fare|fai|sai)(?: per me)?|come (?:puoi|mi puoi) aiutarmi|come mi (?:puoi )?aiut(?:i|are)|(?:che )?cosa posso (?:chiederti|chiedere)|aiuto|aiutami",
  },
  fr: {
    hello: "bonjour|bonsoir|salut|coucou|hello|hey|cher|chere|chers",
    thanks:
      "(?:un grand |mille )?merci(?: (?:beaucoup|bien|d'avance|par avance|infiniment))?|je (?:vous|te) remercie|(?:bien )?cordialement",
    bye: "au revoir|adieu|a bientot|a plus(?: tard)?|bonne (?:nuit|journee|soiree)",
    addressees:
      "a tous|a toutes|tous|tout le monde|l'equipe|equipe|les amis|agent|bot|assistant|encore|monsieur|madame",
    smallTalk: "(?:comment )?(?:ca va|allez-vous|vas-tu|tu vas|vous allez)(?: bien)?|la forme",
    leads:
      "(?:s'il (?:vous|te) plait|svp|stp|alors|donc|et|mais|ok|bien|eh bien|en fait|excusez[- ]moi|excuse[- ]moi|pardon|desolee?(?: de (?:vous |te )?deranger)?)|(?:peux|pourrais|pouvez|pourriez|veux|voulez)[- ](?:tu|vous)(?: (?:s'il (?:vous|te) plait|svp|stp))?(?: (?:m'|me |nous )?(?:expliquer|dire|decrire|aider|aider a comprendre|montrer|indiquer))?|(?:tu peux|vous pouvez)(?: (?:m'|me |nous )?(?:expliquer|dire|decrire|aider))?|(?:dis|dites|explique|expliquez)[- ]?(?:moi|nous)|(?:je (?:voudrais|veux|souhaite|souhaiterais|cherche a)|j'aimerais)(?: (?:bien )?(?:savoir|comprendre|connaitre|demander))?(?: (?:si|plus sur))?|j'ai une (?:petite )?question(?: sur)?|(?:petite |une )?question(?: rapide)?|je me demand(?:e|ais)(?: si)?|sa(?:vez|is)[- ](?:vous|tu)",
    trails:
      "s'il (?:vous|te) plait|svp|stp|merci(?: (?:beaucoup|d'avance|par avance))?|exactement|en bref|en quelques mots|au juste",
    asides:
      "(?:je m'appelle|je suis|mon nom est) [A-Z]\\p{L}+(?: [A-Z]\\p{L}+)?(?:,? (?:de|a) [A-Z]\\p{L}+)?|je (?:suis|debute)(?: (?:nouveau|nouvelle|debutante?|perdue?))?(?: (?:ici|dans le domaine))|je (?:n'y connais|ne comprends) rien|c'est urgent|mon (?:chef|patron)[^.?!,]*",
    defines:
      "qu'?\\s?est[- ]ce (?:que?|qu')(?: (?:c'est(?: que?)?|veut dire|signifie))?|c'est quoi|ce qu(?:e|') ?(?:est|c'est|sont|signifie)?|qu(?:e|oi) (?:est|signifie|veut dire|fait)|que (?:sont|signifient|font)|quel(?:le)? est (?:la definition|le sens|le role|le but|la signification) d\\S*|(?:definis|definissez|definition d\\S*|explique|expliquez|decris|decrivez|signification d\\S*|parle[zs]?[- ]moi d\\S*|infos? sur|informations sur)|a quoi (?:sert|servent|ca sert)",
    definesBehind:
      "(?:c'est|est|sont|veut dire) quoi$|(?:definition|signification)$|comment (?:fonctionnent?|marchent?) .{1,40}$|ce qu'?(?:e|est) .{1,40}$",
    how:
      "comment (?:puis|peut|je|faire|on|dois|pouvons|pourrais|[a-z]+er|[a-z]+re|[a-z]+ir)\\b|de quelle maniere|quelle (?:commande|methode|fonction)",
    howMany: "combien d\\S*|combien|quelle quantite|quel nombre",
    compares:
      "(?:differences?|distinction|comparaison)(?: y a-t-il| existe-t-il)? entre (?:l'|le |la |les |un |une )?(.+?) et (?:l'|le |la |les |un |une )?(.+)|(?:compare|comparez|comparer|distinguer) (.+?) (?:et|a|avec) (.+)|en quoi (.+?) differe(?:nt)?(?:-\\w+)? d\\S* (.+)|^(.+?) (?:vs\\.?|versus|contre) (.+)",
    begins:
      "qui|que|qu'|quoi|quel|quelle|quels|quelles|quand|ou|pourquoi|comment|combien|est-ce|puis-je|peut-on|peux-tu|pouvez-vous|y a-t-il|dois-je|a quoi|c'est quoi|explique|expliquez|decris|definis|donne|donnez|dis|parle|parlez|ecris|traduis|en quoi",
    and: "et|puis|aussi",
    continues: "et|mais|alors|donc|puis|aussi|pourquoi|ou",
    pointsBack: "il|elle|ils|elles|le|la|les|lui|leur|y|en|ce|cela|ca|ceci|son|sa|ses|celui|celle|ceux|celles|meme",
    more:
      "dis(?:-| )m'en plus|dites(?:-| )m'en plus|plus de details|continue[rz]?|developpe[rz]?|quoi d'autre|en savoir plus|encore",
    agent: "tu|te|toi|ton|ta|tes|vous|votre|vos",
    news:
      "en ce moment|actuellement|aujourd'hui|ce soir|demain|hier|quelle heure|quel jour|(?:semaine|mois|annee) (?:prochaine?|derniere?)|dernieres (?:nouvelles|versions?)",
    who:
      "qui (?:es-tu|etes-vous|est-tu|tu es|vous etes)|tu es qui|vous etes qui|quel est (?:ton|votre) nom|comment (?:t'appelles-tu|vous appelez-vous|tu t'appelles)|presente(?:-toi|z-vous)|(?:es-tu|etes-vous) (?:un )?(?:bot|robot|humain|ia)",
    abilities:
      "que (?:peux-tu|pouvez-vous|sais-tu|savez-vous) faire(?: pour moi)?|comment (?:peux-tu|pouvez-vous) m'aider|qu'est-ce que (?:tu peux|vous pouvez|tu sais|vous savez) faire|que puis-je (?:te|vous) demander|aide|aide[sz]?-moi",
  },
  es: {
    hello: "hola|buenos dias|buenas(?: tardes| noches)?|buen dia|hey|saludos|estimad[oa]s?|querid[oa]s?",
    thanks:
      "(?:muchas |mil )?gracias(?: (?:por adelantado|de antemano|por todo))?|(?:un )?(?:cordial )?saludos?|te lo agradezco",
    bye: "adios|hasta (?:luego|pronto|manana)|chao|chau|nos vemos|buenas noches",
    addressees: "a todos|todos|equipo|amigos|amigo|agente|bot|asistente|de nuevo|senor|senora",
    smallTalk: "(?:como (?:estas|esta|va|te va|andas))(?: hoy)?|que tal(?: (?:estas|todo))?",
    leads:
      "(?:por favor|porfa|porfavor|bueno|entonces|pues|y|pero|ok|bien|oye|oiga|perdon(?:a|e)?|disculp[ae]|lo siento)|(?:me )?(?:puedes|podrias|puede|podria|podeis|pueden|sabes|sabe)(?:me)?(?: (?:por favor|decir(?:me)?|explicar(?:me)?|describir|ayudar(?:me)?(?: a entender)?|indicar(?:me)?|mostrar(?:me)?|contar(?:me)?))*|(?:me )?(?:explicas|dices|explica|explicame|dime|digame|expliqueme|cuentame)|(?:quisiera|quiero|querria|me gustaria)(?: (?:saber|entender|preguntar|conocer))?(?: (?:si|mas sobre|algo sobre))?|tengo una (?:pequena )?(?:pregunta|duda)(?: sobre)?|(?:una )?(?:pregunta|duda)(?: rapida)?|me preguntaba(?: si)?",
    trails:
      "por favor|porfa|porfavor|(?:muchas )?gracias(?: (?:de antemano|por adelantado))?|exactamente|en resumen|en pocas palabras",
    asides:
      "(?:me llamo|soy|mi nombre es) [A-Z]\\p{L}+(?: [A-Z]\\p{L}+)?(?:,? de [A-Z]\\p{L}+)?|soy (?:nuev[oa]|principiante)(?: (?:aqui|en esto))?|(?:estoy )?(?:empezando|perdid[oa])|no entiendo nada|es urgente|mi jefe[^.?!,]*",
    defines:
      "que (?:es|son|era|significan?|quiere decir|hacen?|se entiende por)|cual es (?:el significado|la definicion|el sentido|el proposito) d\\S*|(?:define|definicion d\\S*|explica|explicame|describe|significado d\\S*|hablame d\\S*|cuentame (?:algo |mas )?(?:de|sobre)|informacion sobre|info sobre)|para que (?:sirven?|es|se usa)",
    definesBehind: "que (?:es|son|significa)$|(?:significado|definicion)$|como funcionan? .{1,40}$|que es .{1,40}$",
    how:
      "como (?:puedo|se|hago|debo|podria|podemos|[a-z]+[oa]r?)\\b|de que manera|que (?:comando|metodo|funcion)|con que",
    howMany: "cuant[oa]s|que cantidad",
    compares:
      "(?:diferencias?|distincion|comparacion)(?: hay| existe)? entre (?:el |la |los |las |un |una )?(.+?) (?:y|e|o) (?:el |la |los |las |un |una )?(.+)|(?:compara|comparar|distinguir) (.+?) (?:y|con) (.+)|en que se diferencian? (.+?) (?:de|del|y) (.+)|^(.+?) (?:vs\\.?|versus|contra) (.+)",
    begins:
      "quien|quienes|que|cual|cuales|cuando|donde|por que|como|cuanto|cuanta|cuantos|cuantas|puedo|puedes|se puede|es posible|hay|debo|tengo que|para que|en que|explica|explicame|dime|describe|define|hablame|escribe|traduce|a que|de que",
    and: "y|e|ademas|tambien",
    continues: "y|e|pero|entonces|pues|tambien|ademas|por que|o",
    pointsBack:
      "el|ella|ello|ellos|ellas|lo|la|los|las|le|les|su|sus|esto|eso|esta|este|ese|esa|estos|esos|mismo|misma|alli|ahi|[a-z]+(?:arl|erl|irl)[oa]s?",
    more:
      "(?:dime|cuentame|hablame) mas|mas (?:detalles|informacion)|continua|sigue|que mas|algo mas|puedes ampliar|profundiza",
    agent: "tu|te|ti|tuyo|tus|usted|ustedes|eres|tienes|puedes|sabes",
    news:
      "ahora mismo|en este momento|hoy|esta noche|manana|ayer|que (?:hora|dia) es|(?:proxim[oa]|pasad[oa]) (?:semana|mes|ano)|(?:semana|mes|ano) (?:proxim[oa]|pasad[oa])|ultimas (?:noticias|versiones)",
    who:
      "(?:tu )?quien (?:eres|es usted|sois)(?: tu)?|como te llamas|cual es tu nombre|(?:que eres)|presentate|hablame de ti|eres (?:un )?(?:bot|robot|humano|maquina|ia)",
    abilities:
      "que (?:puedes|sabes|haces)(?: hacer)?(?: por mi)?|como (?:me )?puedes ayudar(?:me)?|que (?:te )?puedo preguntar(?:te)?|ayuda|ayudame",
  },
  de: {
    hello:
      "hallo+|hi|hey|guten (?:morgen|tag|abend)|moin(?: moin)?|servus|gruss gott|gruezi|sehr geehrte(?:r)?|liebe[rs]?",
    thanks:
      "(?:vielen |herzlichen |besten |tausend )?dank(?:e|eschon)?(?: (?:schon|sehr|vielmals|im voraus|dir|ihnen))*|mit freundlichen grussen|(?:viele |beste |liebe )grusse",
    bye: "tschuss+|auf wiedersehen|bis (?:bald|dann|spater)|gute nacht|ciao|schonen (?:tag|abend)(?: noch)?",
    addressees: "zusammen|alle|allerseits|team|leute|agent|bot|assistent|nochmal|herr|frau|damen und herren",
    smallTalk: "wie geht(?:'s| es)(?: (?:dir|ihnen|euch))?(?: heute)?|alles (?:klar|gut)",
    leads:
      "(?:bitte|also|und|aber|ok|okay|gut|nun|ja|mal|entschuldig(?:ung|e|en sie)(?: die storung)?|sorry|verzeihung)|(?:kannst|konntest|konnen|konnten|konnt|wurdest|wurden) (?:du|sie|ihr)(?: (?:mir|uns|bitte|vielleicht|kurz|mal))*(?: (?:sagen|erklaren|beschreiben|helfen|zeigen))?|(?:erklar|erklare|erklaren sie|sag|sagen sie|beschreib|beschreibe|zeig)(?: (?:mir|uns|bitte|mal|kurz))+|(?:ich (?:mochte|wurde|will|wollte)(?: gern(?:e)?)?)(?: (?:wissen|verstehen|fragen))?(?: ob)?|ich (?:habe|hatte)(?: (?:da|mal))? (?:eine|noch eine)(?: kurze| kleine)? frage(?: zu[mr]?)?|(?:kurze |kleine |eine )?frage|ich frage mich(?:,? ob)?|(?:weisst du|wissen sie)",
    trails:
      "bitte|danke(?: (?:schon|sehr|im voraus))?|vielen dank(?: im voraus)?|genau|eigentlich|kurz|in kurze|erklaren|sagen|mal|denn|verstehen|wissen",
    asides:
      "(?:ich heisse|ich bin|mein name ist) [A-Z]\\p{L}+(?: [A-Z]\\p{L}+)?(?:,? aus [A-Z]\\p{L}+)?|ich bin (?:neu|anfanger(?:in)?)(?: (?:hier|dabei|auf dem gebiet))?|ich (?:verstehe|kapiere) (?:das|es|gar)? ?nichts?|es ist dringend|dringend|mein chef[^.?!,]*",
    defines:
      "was (?:ist|sind|war|bedeute[nt]|heisst|macht|machen|tut|versteht man unter|meint)(?: (?:eigentlich|denn|genau))?|(?:definiere|definition (?:von|des|der)|erklare?|erklar mir|beschreibe?|bedeutung (?:von|des|der)|erzahle? mir (?:etwas |mehr )?(?:uber|von)|infos? (?:zu|uber)|informationen (?:zu|uber))|wo(?:fur|zu) (?:ist|sind|dient|braucht man|brauche ich)",
    definesBehind:
      "was .{1,40}? (?:ist|sind|bedeutet|bedeuten|heisst|macht)$|(?:bedeutung|definition)$|wie funktioniere?n?t? .{1,40}$",
    how:
      "wie (?:kann|konnte|soll|muss|mache|[a-z]+e) (?:ich|man|wir)|wie [a-z]+e ich|auf welche weise|welche(?:r|s|n)? (?:befehl|methode|funktion)|womit",
    howMany: "wie ?viele|wie ?viel (?!kost)|welche (?:menge|anzahl)",
    compares:
      "(?:unterschiede?|unterscheidung|vergleich)(?: gibt es)? zwischen (?:einem |einer |eine |ein |dem |der |den |die |das )?(.+?) und (?:einem |einer |eine |ein |dem |der |den |die |das )?(.+)|(?:vergleiche?|unterscheide) (.+?) (?:und|mit) (.+)|(?:wie|worin) untersche?id(?:et|en) sich (.+?) (?:von|und) (.+)|^(.+?) (?:vs\\.?|versus|gegen) (.+)",
    begins:
      "wer|wem|wen|wessen|was|welche|welcher|welches|welchen|wann|wo|woher|wohin|warum|wieso|weshalb|wie|womit|wofur|wozu|wodurch|worin|kann|konnen|darf|muss|gibt|ist|sind|hat|haben|soll|erklare|erklar|beschreibe|definiere|nenne|zeige|sag|vergleiche|schreib|schreibe|ubersetze|in welcher|auf welcher|auf welchem",
    and: "und|ausserdem|auch",
    continues: "und|aber|also|dann|auch|warum|wieso|oder",
    pointsBack:
      "er|sie|es|ihn|ihm|ihr|ihnen|ihre|sein|seine|das|dies|diese|dieser|dieses|damit|davon|dafur|dazu|darin|dort|da|selbe|selben|welche",
    more:
      "(?:erzahl|erzahle|sag|sage) mir mehr|mehr (?:dazu|details|infos|informationen|davon)|weiter|was noch|noch mehr|genauer",
    agent: "du|dich|dir|dein|deine|deinen|sie selbst|euch|euer",
    news:
      "gerade jetzt|im moment|momentan|aktuell|heute|heute abend|morgen|gestern|wie spat|welcher tag|(?:nachste|letzte|diese)[nrs]? (?:woche|monat|jahr|version)|neueste",
    who:
      "wer (?:bist du|sind sie|seid ihr)|wie (?:heisst du|heissen sie)|was bist du|stell dich vor|wie ist dein name|erzahl(?:e)? (?:mir )?(?:etwas |was )?(?:uber|von) dir?(?:ch)?|bist du (?:ein )?(?:bot|roboter|mensch|maschine|ki)",
    abilities:
      "was (?:kannst|weisst|konnen) (?:du|sie)(?: (?:tun|machen|alles))?(?: fur mich)?|wie (?:kannst du|konnen sie) (?:mir )?helfen|was (?:kann|darf) ich (?:dich )?fragen|hilfe|hilf mir",
  },
};

/** The phrases of a language as patterns. */
export interface Phrases {
  /** What courtesies begin with, by {@linkcode beginningOf}: no other text need be matched against them. */
  readonly courteous: ReadonlySet<string>;
  /** A greeting, with those it is for, at the start. */
  readonly hello: RegExp;
  readonly thanks: RegExp;
  readonly bye: RegExp;
  readonly smallTalk: RegExp;
  readonly leads: RegExp;
  readonly trails: RegExp;
  readonly asides: RegExp;
  readonly defines: RegExp;
  readonly definesBehind: RegExp;
  readonly how: RegExp;
  readonly howMany: RegExp;
  readonly compares: RegExp;
  readonly begins: RegExp;
  /** The place between two questions in one sentence. */
  readonly and: RegExp;
  readonly continues: RegExp;
  readonly pointsBack: RegExp;
  readonly more: RegExp;
  readonly agent: RegExp;
  readonly news: RegExp;
  readonly who: RegExp;
  readonly abilities: RegExp;
}

const compiled: Partial<Record<Spoken, Phrases>> = {};

/** The phrases of a language, each made when it is first asked for: all of them would take 15 ms of the first answer. */
export function phrasesOf(language: Spoken): Phrases {
  return compiled[language] ??= compile(SOURCES[language]);
}

/**
 * Letters of folded text in Latin script. The classes of Unicode (`\p{L}`) would say it too, but patterns with them took
 * ten times as long to compile, at the first question of each start.
 */
const LETTERS = "a-zA-Z\u00c0-\u024f";
/** No letter or digit follows. */
const END = `(?![${LETTERS}0-9'])`;
const START = `(?<![${LETTERS}0-9])`;
/** Signs between a phrase and what it introduces. */
const GAP = "[\\s,;:!.…–-]*";
/** Nothing that is read. */
const NOTHING = `[^${LETTERS}0-9]*`;

/** Letters by which a word that may be a courtesy is told: `hii` and `hi` must not differ. */
const BEGINNING = 2;

/** The first letters of a folded text. */
export function beginningOf(text: string): string {
  return /[a-z]+/i.exec(text)?.[0].toLowerCase().slice(0, BEGINNING) ?? "";
}

function compile(of: PhraseSources): Phrases {
  const pattern = (source: string) => new RegExp(source.replaceAll("\\p{L}", `[${LETTERS}]`), "i");
  const atStart = (source: string) => pattern(`^(?:${source})${END}`);
  const anywhere = (source: string) => pattern(`${START}(?:${source})${END}`);
  const whole = (source: string) => pattern(`^(?:${source})${END}${NOTHING}$`);
  return made<Phrases>({
    courteous: () =>
      new Set(
        `${of.hello}|${of.thanks}|${of.bye}|${of.smallTalk}`.match(/[a-z]+/g)?.map((word) => word.slice(0, BEGINNING)),
      ),
    hello: () => pattern(`^(?:${of.hello})${END}(?:[\\s,]+(?:${of.addressees})${END})*${GAP}`),
    thanks: () => pattern(`^(?:${of.thanks})${END}${GAP}`),
    bye: () => pattern(`^(?:${of.bye})${END}${GAP}`),
    smallTalk: () => pattern(`^(?:${of.smallTalk})${END}${NOTHING}`),
    leads: () => pattern(`^(?:${of.leads})${END}${GAP}`),
    trails: () => pattern(`[\\s,;:(–-]+(?:${of.trails})[\\s!.?)…]*$`),
    // A name is told by its capital.
    asides: () => pattern(`${START}(?:${of.asides.replaceAll("[A-Z]", "(?-i:[A-Z])")})${END}[\\s,;:!.–-]*`),
    defines: () => atStart(of.defines),
    definesBehind: () => pattern(`(?:${of.definesBehind})`),
    how: () => atStart(of.how),
    howMany: () => anywhere(of.howMany),
    compares: () => pattern(of.compares),
    begins: () => atStart(of.begins),
    and: () => pattern(`(?:,\\s*|\\s)(?:${of.and})\\s(?=(?:${of.begins})${END})`),
    continues: () => atStart(of.continues),
    pointsBack: () => anywhere(of.pointsBack),
    more: () => whole(of.more),
    agent: () => anywhere(of.agent),
    news: () => anywhere(of.news),
    who: () => whole(`(?:${of.who})(?:[\\s,]+\\p{L}+){0,2}`),
    abilities: () => whole(`(?:${of.abilities})(?:[\\s,]+\\p{L}+){0,1}`),
  });
}

/** What each of `makers` makes, when it is first asked for. */
function made<T extends object>(makers: { readonly [Name in keyof T]: () => T[Name] }): T {
  const all = {} as T;
  for (const name of Object.keys(makers) as (keyof T)[]) {
    Object.defineProperty(all, name, {
      configurable: true,
      get() {
        const value = makers[name]();
        Object.defineProperty(all, name, { value });
        return value;
      },
    });
  }
  return all;
}
