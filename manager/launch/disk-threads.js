/**
 * Threads in which Node waits for the disk, unless somebody has set another number. Its own four let four syncs share
 * a commit of the file system's journal, and a group of mail has dozens (docs/benchmarks.md). Read when the first of
 * them starts, so this comes before all else.
 */
const DISK_THREADS = '16';

export function useManyDiskThreads() {
  process.env['UV_THREADPOOL_SIZE'] ??= DISK_THREADS;
}
