/**
 * The part of Standard Schema 1 (standardschema.dev) that is used here, by shape: the schemas of Zod,
 * Valibot, ArkType and others fit, and nothing of them is imported.
 *
 * @module
 */

/** What is wrong with a value. */
export interface Issue {
  /** In words. */
  readonly message: string;
  /** Where, as keys from the outside in. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What became of a validation. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

/** A schema by Standard Schema. */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What a schema offers to those who do not know its library. */
  readonly "~standard": {
    /** The version of the standard. */
    readonly version: 1;
    /** The library. */
    readonly vendor: string;
    /** Judges a value. */
    readonly validate: (
      value: unknown,
    ) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** For inference only. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}
