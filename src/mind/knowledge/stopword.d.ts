/** The lists that are used of the package stopword, which comes without types. */
export const deu: readonly string[];
export const eng: readonly string[];
export const fra: readonly string[];
export const ita: readonly string[];
export const jpn: readonly string[];
export const spa: readonly string[];
export const zho: readonly string[];
