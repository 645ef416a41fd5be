import { main } from './program.ts';
import { keepHeapTight } from './tight-heap.ts';

keepHeapTight();
// What it writes is mail, or about mail: its owner's alone, whatever the shell's mask is.
process.umask(0o077);
process.exitCode = await main(process.argv.slice(2));
