import type { Pop3Faults } from './pop3-faults.ts';
import { Pop3RuleBook } from './pop3-rule.ts';
import type { Pop3Rule } from './pop3-rule.ts';

/** How a scripted POP3 server speaks. */
export interface Pop3Script {
  readonly rules: Pop3RuleBook;
  /** Octets in one packet; null: as the system sends them. */
  readonly packetOctets: number | null;
  /** `bare-status`: status lines end in a bare LF; `bare`: every line does, those of messages included. */
  readonly lineEnds: 'crlf' | 'bare-status' | 'bare';
  readonly offersStls: boolean;
  /** Commands that come together with another are lost behind it, as in servers that empty their input. */
  readonly losesPipelined: boolean;
}

/** The faults that many tests have in common, as rules. */
export function scriptOf(faults: Pop3Faults): Pop3Script {
  return {
    rules: new Pop3RuleBook(rulesOf(faults)),
    packetOctets: faults.octetByOctet === true ? 1 : null,
    lineEnds: faults.bareLineFeeds === true ? 'bare-status' : 'crlf',
    offersStls: faults.noStls !== true,
    losesPipelined: faults.losesPipelined === true,
  };
}

function rulesOf(faults: Pop3Faults): Pop3Rule[] {
  return [
    ...refusals(faults),
    ...retrievalRules(faults),
    ...quitRules(faults),
    ...(faults.listSize === undefined ? [] : [sizesBy(faults.listSize)]),
    ...(faults.injectAfterStls === undefined
      ? []
      : [{ on: 'STLS', after: faults.injectAfterStls }]),
    ...(faults.endlessLine === undefined
      ? []
      : [{ on: faults.endlessLine, ignored: true, instead: '+OK ', endless: 'x'.repeat(64) }]),
    ...(faults.silentOn === undefined ? [] : [{ on: faults.silentOn, ignored: true, instead: '' }]),
  ];
}

function refusals(faults: Pop3Faults): Pop3Rule[] {
  const unknown = [
    ...(faults.refuseCapa === true ? ['CAPA'] : []),
    ...(faults.noUidl === true ? ['UIDL'] : []),
    ...(faults.noTop === true ? ['TOP'] : []),
    ...(faults.noStls === true ? ['STLS'] : []),
  ];
  const greeting = faults.refuseGreeting;
  const login = faults.refuseLogin;
  const echo = faults.echoPassword === true ? ' PASS {password}' : '';
  return [
    ...unknown.map((on) => refusal(on, 'unknown command')),
    ...(greeting === undefined ? [] : [refusal('connect', greeting)]),
    ...(login === undefined ? [] : [refusal('login', `${login}${echo}`)]),
  ];
}

function retrievalRules({ breakOff, refuseRetr, emptyRetr }: Pop3Faults): Pop3Rule[] {
  return [
    ...(refuseRetr ?? []).map((number) =>
      refusal(`RETR ${number}`, '[SYS/TEMP] message cannot be read'),
    ),
    ...(emptyRetr ?? []).map((number) => ({
      on: `RETR ${number}`,
      instead: '+OK 0 octets\r\n.\r\n',
    })),
    ...(breakOff === undefined
      ? []
      : [
          {
            on: `RETR ${breakOff.message}`,
            cutBody: breakOff.octets,
            then: breakOff.how,
          },
        ]),
  ];
}

function quitRules({ quit }: Pop3Faults): Pop3Rule[] {
  switch (quit) {
    case 'refuse':
      return [refusal('QUIT', '[SYS/TEMP] some deleted messages not removed')];
    case 'close-before-deletion':
      return [{ on: 'QUIT', ignored: true, instead: '' }];
    case 'close-after-deletion':
      return [{ on: 'QUIT', instead: '' }];
    default:
      return [];
  }
}

function refusal(on: string, text: string): Pop3Rule {
  return { on, ignored: true, instead: `-ERR ${text}\r\n` };
}

function sizesBy(size: (octets: number) => number | string): Pop3Rule {
  return {
    on: 'LIST',
    lines: (lines) =>
      lines.map((line) => line.replace(/\d+$/, (octets) => String(size(Number(octets))))),
  };
}
