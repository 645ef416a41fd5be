import { asFailure } from '../../shared/failure.ts';

/**
 * What npm does last when it installs: packs the command. Without the tool for it (`npm ci --omit=dev`), or on a full
 * disk, the command runs from its sources, and takes a little longer to start.
 */
try {
  const { pack } = await import('./pack.ts');
  await pack('mailferry', 'manager/start.ts');
} catch (error) {
  const { message } = asFailure(error);
  process.stderr.write(`The command was not packed, and takes longer to start: ${message}\n`);
}
