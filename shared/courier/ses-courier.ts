import type { Clock } from '../clock.ts';
import { asFailure } from '../failure.ts';
import { DELIVERY_ATTEMPT_MS, SES_LARGE_OCTETS, SES_OCTETS, SES_RECIPIENTS } from '../limits.ts';
import type { Courier, HandOver, Parcel } from './courier.ts';
import { Mutex } from './mutex.ts';
import { faultVerdict, refusal, type Verdict } from './reply-classification.ts';
import { sesApi } from './ses-api.ts';
import type { SesApi, SesCall, SesClientOptions } from './ses-api.ts';
import { sesOutcome } from './ses-errors.ts';
import { sesMessage } from './ses-message.ts';
import { Transcript } from './transcript.ts';
import { wireAddress } from './wire-address.ts';

export interface SesCourierOptions {
  /** The verified address that mail is sent as. */
  readonly from: string;
  /** Where SES sends its bounces: a null sender cannot be given, so it is the same for all mail. */
  readonly feedback: string;
  readonly configurationSet: string | null;
  readonly tags: Readonly<Record<string, string>>;
  /** Null: the environment's. */
  readonly region: string | null;
  /** For people. */
  readonly host: string;
  readonly clock: Clock;
  /** Another endpoint, credentials: for tests. */
  readonly client?: Partial<SesClientOptions>;
}

/** Names the message in the events of a configuration set. */
const ID_TAG = 'mailferry-id';

/**
 * The SDK waits for ever by default. Up to the answer, 40 MB uploaded on a slow line included; milliseconds. One try:
 * a second one by the SDK itself would be a second copy that nobody knows of.
 */
const CLIENT = {
  maxAttempts: 1,
  requestHandler: {
    connectionTimeout: 30_000,
    requestTimeout: 300_000,
    throwOnRequestTimeout: true,
  },
} as const;

/** The courier for Amazon SES. */
export function sesCourier(options: SesCourierOptions): Courier {
  return new SesCourier(options);
}

type Handed = Pick<HandOver, 'destination'> & { readonly verdict: Verdict };

class SesCourier implements Courier {
  readonly recipientsAtOnce = SES_RECIPIENTS;
  readonly #options: SesCourierOptions;
  readonly #client: SesClientOptions;
  readonly #api: SesApi;
  #largeApi: Promise<SesApi> | null = null;
  /** Large messages are in memory whole, several times over while they are sent: one at a time. */
  readonly #large = new Mutex();

  constructor(options: SesCourierOptions) {
    const { region } = options;
    this.#options = options;
    this.#client = { ...CLIENT, ...(region === null ? {} : { region }), ...options.client };
    this.#api = sesApi(this.#client);
  }

  async deliver(parcel: Parcel): Promise<HandOver> {
    const transcript = new Transcript();
    const { recipients } = parcel.envelope;
    const addresses = recipients.map(sesAddress);
    const wires = addresses.filter((one) => typeof one === 'string');
    const sendable = [...new Set(wires)];
    const handed = await this.#handOver(parcel, sendable, transcript);
    const { verdict, destination } = handed;
    const { host } = this.#options;
    return {
      destination,
      crowdedOut: [],
      divisible: sendable.length > 1 && verdict.verdict === 'permanent' && verdict.code === null,
      replies: recipients.map((address, at) => {
        const own = addresses[at];
        return { address, ...(typeof own === 'object' ? own : verdict), host };
      }),
      transcript: transcript.lines(),
    };
  }

  async close(): Promise<void> {
    this.#api.close();
    (await this.#largeApi)?.close();
  }

  async #handOver(
    parcel: Parcel,
    recipients: readonly string[],
    transcript: Transcript,
  ): Promise<Handed> {
    if (recipients.length === 0) return { verdict: faultVerdict(''), destination: 'unclear' };
    if (parcel.size > SES_LARGE_OCTETS) return ended(tooLarge(parcel.size), transcript);
    const send = (): Promise<Handed> => this.#send(parcel, recipients, transcript);
    return parcel.size > SES_OCTETS ? this.#large.run(send) : send();
  }

  async #send(
    parcel: Parcel,
    recipients: readonly string[],
    transcript: Transcript,
  ): Promise<Handed> {
    const { from, feedback, configurationSet, tags, clock } = this.#options;
    const until = clock.now() + DELIVERY_ATTEMPT_MS;
    try {
      const message = await sesMessage(parcel, from);
      if ('verdict' in message) return ended(message, transcript);
      const { data, renamed } = message;
      if (data.length > SES_LARGE_OCTETS) return ended(tooLarge(data.length), transcript);
      if (renamed.length > 0) transcript.event(`renamed X-Original-…: ${renamed.join(', ')}`);
      return await this.#call(
        {
          ...{ identity: from, feedback, recipients, data, configurationSet },
          tags: { ...tags, ...(configurationSet === null ? {} : { [ID_TAG]: parcel.id }) },
        },
        until,
        transcript,
      );
    } catch (error) {
      return ended(faultVerdict(asFailure(error).message), transcript);
    }
  }

  async #call(call: SesCall, until: number, transcript: Transcript): Promise<Handed> {
    const { from, feedback, clock } = this.#options;
    const isLarge = call.data.length > SES_OCTETS;
    const action = isLarge ? 'SendEmail' : 'SendRawEmail';
    transcript.command(`${action} as ${call.feedback}, ${call.data.length} octets`);
    for (const recipient of call.recipients) transcript.command(`to ${recipient}`);
    const signal = AbortSignal.timeout(Math.max(0, until - clock.now()));
    try {
      const api = isLarge ? await this.#loadedLargeApi() : this.#api;
      const id = await api.send(call, signal);
      const text = `taken by Amazon SES as ${id}`;
      transcript.reply(text);
      return {
        verdict: { verdict: 'sent', code: null, enhancedCode: null, text },
        destination: 'works',
      };
    } catch (error) {
      const outcome = sesOutcome(error, [from, feedback]);
      transcript.reply(outcome.verdict.text);
      return outcome;
    }
  }

  #loadedLargeApi(): Promise<SesApi> {
    this.#largeApi ??= import('./ses-large-api.ts').then(({ sesLargeApi }) =>
      sesLargeApi(this.#client),
    );
    return this.#largeApi;
  }
}

/** Nobody was asked. */
function ended(verdict: Verdict, transcript: Transcript): Handed {
  transcript.event(verdict.text);
  return { verdict, destination: 'unclear' };
}

function tooLarge(octets: number): Verdict {
  const text = `message of ${octets} octets, Amazon SES takes ${SES_LARGE_OCTETS}`;
  return refusal(552, '5.3.4', text);
}

/** @returns the address as SES is told it, or why it cannot be */
function sesAddress(recipient: string): string | Verdict {
  const address = wireAddress(recipient, 'recipient');
  if ('verdict' in address) return address;
  if (!address.needsSmtpUtf8) return address.wire;
  return refusal(
    553,
    '5.6.7',
    'recipient address has non-ASCII letters before the @, which Amazon SES does not take',
  );
}
