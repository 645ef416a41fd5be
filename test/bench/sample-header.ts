/** The header fields of message number `index` of a sample mailbox; `name` keeps those of two mailboxes apart. */
export function sampleHeader(name: string, index: number): readonly string[] {
  return [
    'Return-Path: <ann@nwtraders.example>',
    'Received: from mail.nwtraders.example by pop.test; Mon, 23 Nov 2026 08:00:00 +0000',
    'From: Ann <ann@nwtraders.example>',
    'To: Bench <bench@sink.test>',
    `Subject: sample ${index}`,
    `Message-ID: <${name}-${index}@nwtraders.example>`,
    'Date: Mon, 23 Nov 2026 08:00:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=iso-8859-1',
    'Content-Transfer-Encoding: 8bit',
  ];
}
