/**
 * Imports run one way: mail and routing (pure) → ports → adapters (one SDK each) → use cases (ports only) → hosts.
 * A handler (functions/<name>/handler.ts) belongs to the host on AWS, not to the use case beside it.
 * `npm run layers` holds the tree to it, and shows on planted violations that it would see one.
 */

const IO =
  '^(node:)?(fs|fs/promises|net|tls|http|https|dns|child_process|worker_threads|sqlite|stream|stream/promises|os|process)$';
const ROOT = '^(test/layers/planted/)?';
const ADAPTERS = [
  'shared/store/(file-mail-store|arrival-index|directory-sync|measure|spool-writer|spool-file|s3-)',
  'shared/queue/(sqlite-queue|sqs-)',
  'shared/ledger/(sqlite-|dynamo-)',
  'shared/settings/(ssm-|yaml-source|yaml-document|secrets-file|settings-file|sqlite-memory|file-stamp)',
  'shared/observe/pino-log',
  'shared/sqlite/',
  'shared/courier/(?!courier\\.ts)',
  'shared/oauth/(?!access-tokens\\.ts|refresh-tokens\\.ts)',
  'shared/pop3/(?!maildrop\\.ts|mail-refused\\.ts)',
].join('|');

module.exports = {
  forbidden: [
    {
      name: 'pure-mail-and-routing',
      comment: 'Decisions depend on octets and settings alone: no I/O, no adapter, no use case.',
      severity: 'error',
      from: { path: `${ROOT}shared/(mail|routing)/` },
      to: { path: IO },
    },
    {
      name: 'pure-reaches-only-pure',
      comment:
        'mail and routing import nothing of ours but each other, settings types and the failure type.',
      severity: 'error',
      from: { path: `${ROOT}shared/(mail|routing)/` },
      to: {
        path: `${ROOT}(functions|infra|manager|shared/(?!mail/|routing/|settings/(settings|accepted-domain)\\.ts|failure\\.ts|limits\\.ts))`,
      },
    },
    {
      name: 'use-cases-know-ports-only',
      comment: 'A use case has no line that knows where it runs.',
      severity: 'error',
      from: { path: `${ROOT}functions/`, pathNot: 'handler\\.ts$' },
      to: { path: `${ROOT}(infra/|manager/|${ADAPTERS})` },
    },
    {
      name: 'use-cases-without-io',
      comment: 'I/O goes through a port.',
      severity: 'error',
      from: { path: `${ROOT}functions/`, pathNot: 'handler\\.ts$' },
      to: { path: IO },
    },
    {
      name: 'shared-knows-no-host',
      comment: 'What is shared is wired by a host, and never reaches for one.',
      severity: 'error',
      from: { path: `${ROOT}shared/` },
      to: { path: `${ROOT}(functions/|infra/|manager/)` },
    },
    {
      name: 'hosts-know-no-command',
      severity: 'error',
      from: { path: `${ROOT}infra/` },
      to: { path: `${ROOT}manager/` },
    },
    {
      name: 'production-without-tests',
      severity: 'error',
      from: { path: '^(functions|infra|manager|shared)/' },
      to: { path: '^test/' },
    },
    {
      name: 'production-without-development-dependencies',
      comment: 'Type-only imports of @types aside.',
      severity: 'error',
      // The bundler is run before a deployment, by `npm run bundle`, and at the end of an installation, by `prepare`,
      // which does without where it is not there; no program imports either.
      from: {
        path: '^(functions|infra|manager|shared)/',
        pathNot: '^(infra/aws/bundle|manager/launch/pack)\\.ts$',
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '@types/' },
    },
    {
      name: 'one-sdk-an-adapter',
      comment: 'A library that speaks to the outside is imported in the one place that adapts it.',
      severity: 'error',
      from: {
        pathNot:
          '^(shared/(courier|sqlite|mail|observe)/|shared/notice/compose\\.ts$|infra/local/data-folder\\.ts|test/)',
      },
      to: { path: '(node_modules/(nodemailer|pino)/|^(node:)?sqlite$)' },
    },
    {
      name: 'one-aws-client-an-adapter',
      comment:
        'The AWS SDK is imported by the adapters, and by the two places that make its clients.',
      severity: 'error',
      from: {
        pathNot:
          '^(shared/(store/s3-|queue/sqs-|ledger/dynamo-|settings/ssm-|courier/ses-)|infra/aws/runtime/|manager/deployment/|test/)',
      },
      to: { path: 'node_modules/@aws-sdk/' },
    },
    {
      name: 'construct-library-in-the-stack-only',
      comment: 'It is tens of megabytes: in a function it would be its cold start.',
      severity: 'error',
      from: { pathNot: '^(infra/aws/[^/]+\\.ts$|test/)' },
      to: { path: 'node_modules/(aws-cdk-lib|constructs)/' },
    },
    {
      name: 'hosts-apart',
      comment: 'What both hosts use is shared; neither reaches into the other.',
      severity: 'error',
      from: { path: '^infra/(aws|local)/' },
      to: { path: '^infra/(aws|local)/', pathNot: '^infra/$1/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['import', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
