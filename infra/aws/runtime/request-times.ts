/**
 * The SDK waits for ever by default, and Lambda bills it. Up to the answer's first octet: a body that is read slowly
 * (mail on its way to a slow server) is not cut. Milliseconds.
 */
export const SHORT_REQUEST = {
  connectionTimeout: 5_000,
  requestTimeout: 20_000,
  throwOnRequestTimeout: true,
} as const;

/** As {@link SHORT_REQUEST}, with time to upload the largest message. Milliseconds. */
export const OBJECT_REQUEST = { ...SHORT_REQUEST, requestTimeout: 120_000 } as const;
