import { launch } from '../../manager/launch/launch.js';

await launch('fetch-once', () => import('./fetch-once.ts'));
