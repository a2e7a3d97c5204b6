/** The environment that the program was started in. @module */

/** Gives the value of an environment variable; undefined where it is not set. */
export type Environment = (name: string) => string | undefined;
