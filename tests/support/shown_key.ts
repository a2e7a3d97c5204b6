/** Loaded before the program, where a test must know its signing key: makes it extractable, and prints it on stdout. @module */

const { subtle } = crypto;
const generateKey = subtle.generateKey.bind(subtle) as (...args: unknown[]) => Promise<CryptoKeyPair>;

subtle.generateKey = (async (algorithm: unknown, _isExtractable: boolean, usages: unknown) => {
  const pair = await generateKey(algorithm, true, usages);
  const { d } = await subtle.exportKey("jwk", pair.privateKey);
  console.log(`key ${d}`);
  return pair;
}) as unknown as typeof subtle.generateKey;
