#!/usr/bin/env node
import { keepCompiled } from './compile-cache.ts';
import { useManyDiskThreads } from './config.ts';
import { keepHeapTight } from './tight-heap.ts';

useManyDiskThreads();
keepCompiled();
const { main } = await import('./program.ts');
keepHeapTight();

// What it writes is mail, or about mail: its owner's alone, whatever the shell's mask is.
process.umask(0o077);
process.exitCode = await main(process.argv.slice(2));
