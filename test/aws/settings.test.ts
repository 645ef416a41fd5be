import {
  DeleteParametersCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { parseSettings } from '../../shared/settings/schema.ts';
import { documentToParameters } from '../../shared/settings/ssm-document.ts';
import { ssmSecrets } from '../../shared/settings/ssm-secrets.ts';
import { ssmSettings } from '../../shared/settings/ssm-source.ts';
import { diffTree, pullTree, pushTree } from '../../shared/settings/ssm-tree.ts';
import { settingsSourceContract } from '../contract/settings-source.ts';
import { keptMemory } from '../settings/kept-memory.ts';
import { routingDocument } from '../settings/routing-document.ts';
import { sampleDocument } from '../settings/sample-document.ts';
import { startMiniStack } from '../support/ministack.ts';
import type { MiniStack } from '../support/ministack.ts';
import { SetClock } from '../support/set-clock.ts';

/*
 * What MiniStack 1.4.21 does not show: it knows no permissions and no KMS, never throttles, takes values above the
 * standard tier's 4,096 octets, and values with `{{`, which AWS refuses.
 */

let ministack: MiniStack;
let client: SSMClient;

beforeAll(async () => {
  ministack = await startMiniStack();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  client = new SSMClient({ endpoint: ministack.endpoint, region: 'eu-central-1', credentials });
});
afterAll(async () => {
  client.destroy();
  await ministack.stop();
});

/** The tree of one stage, as somebody at the AWS console sees it. */
class Tree {
  readonly stage = `test-${randomUUID()}`;
  readonly root = `/mailferry/${this.stage}`;
  readonly place = { client, stage: this.stage };

  async put(
    name: string,
    value: string,
    type: 'String' | 'SecureString' = 'String',
  ): Promise<void> {
    const path = `${this.root}/${name}`;
    await client.send(
      new PutParameterCommand({ Name: path, Value: value, Type: type, Overwrite: true }),
    );
  }

  async get(name: string): Promise<string | undefined> {
    const command = new GetParameterCommand({ Name: `${this.root}/${name}`, WithDecryption: true });
    return (await client.send(command)).Parameter?.Value;
  }

  /** Name below the root to type. */
  async types(): Promise<ReadonlyMap<string, string>> {
    const types = new Map<string, string>();
    let token: string | undefined;
    do {
      const page = await client.send(
        new GetParametersByPathCommand({
          Path: this.root,
          Recursive: true,
          ...(token !== undefined && { NextToken: token }),
        }),
      );
      for (const { Name: name = '', Type: type = '' } of page.Parameters ?? []) {
        types.set(name.slice(this.root.length + 1), type);
      }
      token = page.NextToken;
    } while (token !== undefined);
    return types;
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await client.send(new DeleteParametersCommand({ Names: [`${this.root}/${name}`] }));
    }
  }

  /** By hand: what the push would refuse or make secret stands here as it is. */
  async write(document: Readonly<Record<string, unknown>>): Promise<void> {
    const before = [...(await this.types()).keys()];
    const { mailboxes, ...general } = document;
    const entries = Object.entries(mailboxes as Record<string, unknown>);
    await this.put('settings/general', JSON.stringify(general));
    for (const [id, entry] of entries) await this.put(`mailboxes/${id}`, JSON.stringify(entry));
    const kept = new Set(['settings/general', ...entries.map(([id]) => `mailboxes/${id}`)]);
    await this.remove(before.filter((name) => !kept.has(name)));
  }

  async garble(): Promise<void> {
    for (const name of (await this.types()).keys()) await this.put(name, '{"domains": [');
  }
}

settingsSourceContract('the tree in SSM', () => {
  const tree = new Tree();
  const memory = keptMemory();
  return Promise.resolve({
    open: () => ssmSettings({ ...tree.place, memory, clock: new SetClock(), cacheMs: 0 }),
    write: (document) => tree.write(document),
    garble: () => tree.garble(),
    kept: () => Promise.resolve(memory.text()),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});

describe('ssmSettings', () => {
  let tree: Tree;
  beforeEach(() => {
    tree = new Tree();
  });

  const open = () =>
    ssmSettings({ ...tree.place, memory: keptMemory(), clock: new SetClock(), cacheMs: 0 });

  it('waits, and says what to do, where there is no configuration yet', async () => {
    const source = open();
    await expect(source.read()).rejects.toMatchObject({
      kind: 'settings',
      permanence: 'temporary',
      message: `no configuration under ${tree.root}/: run mailferry config push`,
    });
    await tree.write(sampleDocument());
    expect((await source.read()).mailboxes.size).toBe(2);
  });

  it('goes on with the last good one when the tree is gone', async () => {
    await tree.write(sampleDocument());
    const source = open();
    const good = await source.read();
    await tree.remove([...(await tree.types()).keys()]);
    const { general, mailboxes, problems } = await source.read();
    expect({ general, mailboxes }).toEqual({ general: good.general, mailboxes: good.mailboxes });
    expect(problems[0]?.got).toContain('run mailferry config push');
  });

  it('reads again when the cache has grown old, and not before', async () => {
    await tree.write(sampleDocument());
    const clock = new SetClock();
    const source = ssmSettings({ ...tree.place, memory: keptMemory(), clock });
    const first = await source.read();
    await tree.write({ ...sampleDocument(), logLevel: 'debug' });
    clock.advance(59_999);
    expect(await source.read()).toBe(first);
    clock.advance(1);
    expect((await source.read()).general.logLevel).toBe('debug');
  });

  it('stops the one mailbox whose parameter is no JSON, and quotes nothing of it', async () => {
    await tree.write(sampleDocument());
    await tree.put('mailboxes/chris', '{"password": "hunter2');
    const { mailboxes, broken, problems } = await open().read();
    expect([...mailboxes.keys()]).toEqual(['everyone']);
    expect(problems).toEqual([
      {
        path: 'mailboxes.chris',
        expected: `JSON in the parameter ${tree.root}/mailboxes/chris`,
        got: 'a text that is no JSON',
        severity: 'error',
      },
    ]);
    expect(broken.get('chris')).toEqual(problems);
  });

  it('keeps the last good general settings while theirs is no JSON, and takes up mailboxes', async () => {
    const document = sampleDocument();
    await tree.write(document);
    const source = open();
    const good = await source.read();
    await tree.put('settings/general', '{');
    await tree.put('mailboxes/kelly', JSON.stringify(document.mailboxes.chris));
    const { general, mailboxes, problems } = await source.read();
    expect(general).toEqual(good.general);
    expect([...mailboxes.keys()]).toEqual(['chris', 'everyone', 'kelly']);
    expect(problems.filter(({ severity }) => severity === 'error').map(({ path }) => path)).toEqual(
      ['settings.general'],
    );
  });

  it('reads lists that go on over many parameters and pages, in number order', async () => {
    const recipients = Array.from({ length: 2500 }, (_, at) => `somebody-${at}@corp.example`);
    const configuration = { document: { ...sampleDocument(), recipients }, secrets: new Map() };
    await pushTree(tree.place, configuration);
    expect((await tree.types()).has('settings/recipients/12')).toBe(true);
    const { general } = await open().read();
    expect(general.recipients).toEqual(new Set(recipients));
  });

  it('refuses a setting that stands in two parameters', async () => {
    await tree.write({ ...sampleDocument(), aliases: { 'a@corp.example': ['b@corp.example'] } });
    expect((await open().read()).general.aliases.size).toBe(1);
    await tree.put('settings/aliases', '{}');
    await expect(open().read()).rejects.toThrow(/settings\.aliases: .*settings\/general$/);
  });
});

describe('ssmSecrets', () => {
  let tree: Tree;
  beforeEach(() => {
    tree = new Tree();
  });

  const named = (name: string) => ({ kind: 'named', name }) as const;

  it('reads a SecureString, and reads it again after a while', async () => {
    const clock = new SetClock();
    const secrets = ssmSecrets({ ...tree.place, clock });
    await tree.put('secrets/sales', 'hunter2', 'SecureString');
    expect(await secrets.read(named('sales'))).toBe('hunter2');
    await tree.put('secrets/sales', 'hunter3', 'SecureString');
    clock.advance(59_999);
    expect(await secrets.read(named('sales'))).toBe('hunter2');
    clock.advance(1);
    expect(await secrets.read(named('sales'))).toBe('hunter3');
    expect(await secrets.read({ kind: 'plain', value: 'as it is' })).toBe('as it is');
  });

  it('joins a secret of several parts', async () => {
    const value = 'x'.repeat(9000);
    const secrets = ssmSecrets({ ...tree.place, clock: new SetClock() });
    const document = { mailboxes: { sales: { password: { secret: 'sales' } } } };
    await pushTree(tree.place, { document, secrets: new Map([['sales', value]]) });
    expect((await tree.get('secrets/sales/3'))?.length).toBe(9000 - 2 * 4096);
    expect(await secrets.read(named('sales'))).toBe(value);
  });

  it('names the parameter that is not there, and finds it as soon as it is', async () => {
    const secrets = ssmSecrets({ ...tree.place, clock: new SetClock() });
    await expect(secrets.read(named('sales'))).rejects.toMatchObject({
      kind: 'secret',
      permanence: 'permanent',
      message: `secret "sales" not found: there is no parameter ${tree.root}/secrets/sales`,
    });
    await tree.put('secrets/sales', 'hunter2', 'SecureString');
    expect(await secrets.read(named('sales'))).toBe('hunter2');
  });

  it('refuses a line break, which a file brings along, without a word of the value', async () => {
    const secrets = ssmSecrets({ ...tree.place, clock: new SetClock() });
    await tree.put('secrets/sales', 'hunter2\n', 'SecureString');
    const reading = secrets.read(named('sales'));
    await expect(reading).rejects.toMatchObject({ kind: 'secret', permanence: 'permanent' });
    await expect(reading).rejects.toThrow(/expected one line of text, got a line break/);
    await expect(reading).rejects.not.toThrow(/hunter2/);
  });

  it('waits while the service cannot be reached', async () => {
    const lost = new SSMClient({
      endpoint: 'http://127.0.0.1:1',
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    });
    const place = { client: lost, stage: tree.stage, clock: new SetClock() };
    const temporary = { permanence: 'temporary' };
    await expect(ssmSecrets(place).read(named('sales'))).rejects.toMatchObject(temporary);
    const memory = keptMemory();
    await expect(ssmSettings({ ...place, memory }).read()).rejects.toMatchObject(temporary);
    lost.destroy();
  });
});

describe('a configuration pushed to SSM', () => {
  let tree: Tree;
  beforeEach(() => {
    tree = new Tree();
  });

  const sample = () => {
    const document = sampleDocument();
    document.delivery.smtp = { ...document.delivery.smtp, username: 'c', password: 'plain-smtp' };
    Object.assign(document.mailboxes.chris, { password: 'plain-chris' });
    document['aliases'] = { 'info@corp.example': ['chris@corp.example'] };
    return document;
  };

  it('keeps secrets apart, encrypted, and pulls them as names', async () => {
    const secrets = new Map([
      ['everyone', 'named-everyone'],
      ['unused', 'of something else'],
    ]);
    await pushTree(tree.place, { document: sample(), secrets });
    expect(await tree.types()).toEqual(
      new Map([
        ['mailboxes/chris', 'String'],
        ['mailboxes/everyone', 'String'],
        ['secrets/delivery-smtp', 'SecureString'],
        ['secrets/everyone', 'SecureString'],
        ['secrets/mailbox-chris', 'SecureString'],
        ['secrets/mailferry-loop', 'SecureString'],
        ['settings/aliases', 'String'],
        ['settings/general', 'String'],
      ]),
    );
    expect(await tree.get('secrets/mailbox-chris')).toBe('plain-chris');
    const expected = sample();
    expected.delivery.smtp['password'] = { secret: 'delivery-smtp' };
    Object.assign(expected.mailboxes.chris, { password: { secret: 'mailbox-chris' } });
    const pulled = await pullTree(tree.place);
    expect(pulled.document).toEqual(expected);

    const source = ssmSettings({ ...tree.place, memory: keptMemory(), clock: new SetClock() });
    expect((await source.read()).problems).toEqual([]);
  });

  it('says what differs by name, pushes that alone, and then nothing differs', async () => {
    const before = { document: sample(), secrets: new Map([['everyone', 'one']]) };
    expect((await diffTree(tree.place, before)).added).toContain('secrets/everyone');
    expect(await tree.types()).toEqual(new Map());
    await pushTree(tree.place, before);
    const nothing = { added: [], changed: [], removed: [] };
    expect(await diffTree(tree.place, before)).toEqual(nothing);

    const document = sample();
    document['logLevel'] = 'debug';
    Reflect.deleteProperty(document, 'aliases');
    document.mailboxes['kelly'] = { ...document.mailboxes.everyone, username: 'kelly' };
    Reflect.deleteProperty(document.mailboxes, 'chris');
    const after = { document, secrets: new Map([['everyone', 'two']]) };
    const difference = {
      added: ['mailboxes/kelly'],
      changed: ['secrets/everyone', 'settings/general'],
      removed: ['mailboxes/chris', 'settings/aliases'],
    };
    expect(await diffTree(tree.place, after)).toEqual(difference);
    await tree.put('mailboxes/everyone', JSON.stringify(document.mailboxes.everyone, null, 2));
    expect(await pushTree(tree.place, after)).toEqual(difference);
    expect(await diffTree(tree.place, after)).toEqual(nothing);
    expect(await tree.get('secrets/everyone')).toBe('two');
    expect([...(await tree.types()).keys()]).not.toContain('mailboxes/chris');
    // Only its spelling differed.
    expect(await tree.get('mailboxes/everyone')).toContain('\n');
  });

  it('leaves nothing behind of a value that was longer', async () => {
    const long = Array.from({ length: 800 }, (_, at) => `somebody-${at}@corp.example`);
    const secrets = new Map([['everyone', 'x'.repeat(5000)]]);
    await pushTree(tree.place, { document: { ...sampleDocument(), recipients: long }, secrets });
    expect((await tree.types()).has('settings/recipients/5')).toBe(true);
    const short = { ...sampleDocument(), recipients: ['chris@corp.example'] };
    await pushTree(tree.place, { document: short, secrets: new Map([['everyone', 'short']]) });
    const names = [...(await tree.types()).keys()];
    expect(names.filter((name) => /\/\d+$/.test(name))).toEqual([]);
    expect((await pullTree(tree.place)).document).toEqual(short);
  });

  it('says who gets a message as the file does', async () => {
    const document = routingDocument();
    await pushTree(tree.place, { document, secrets: new Map() });
    expect((await pullTree(tree.place)).document).toEqual(document);
    const source = ssmSettings({ ...tree.place, memory: keptMemory(), clock: new SetClock() });
    const { general, mailboxes, problems } = await source.read();
    expect(problems).toEqual([]);
    const ofTheFile = parseSettings(document, {});
    expect({ general, mailboxes }).toEqual({
      general: ofTheFile.general,
      mailboxes: ofTheFile.mailboxes,
    });
  });

  it('makes the key of the loop marker once', async () => {
    const configuration = { document: sample(), secrets: new Map([['mailferry-loop', 'mine']]) };
    await pushTree(tree.place, configuration);
    const key = await tree.get('secrets/mailferry-loop');
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    await pushTree(tree.place, configuration);
    expect(await tree.get('secrets/mailferry-loop')).toBe(key);
  });

  it('keeps the tree’s own value of a secret that is not at hand', async () => {
    await tree.put('secrets/chris', 'put by hand', 'SecureString');
    await pushTree(tree.place, { document: sampleDocument(), secrets: new Map() });
    expect(await tree.get('secrets/chris')).toBe('put by hand');
  });

  it('fits the standard tier and holds no reference to another parameter', async () => {
    const document = {
      ...sampleDocument(),
      aliases: { 'a@corp.example': ['{{ssm:x}}@corp.example'] },
    };
    for (const { name, value } of documentToParameters(document, new Map())) {
      expect(value).not.toContain('{{');
      await tree.put(name, value);
    }
    expect((await pullTree(tree.place)).document).toEqual(document);
  });
});
