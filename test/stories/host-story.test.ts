import { hostStory } from '../contract/host-story.ts';
import { makeEmbeddedHost } from '../support/embedded-host.ts';

/**
 * The story that test/aws/deployed.test.ts runs on the deployed stack. What this does not prove: that a service tries
 * again by itself when the time has come (test/infra/local).
 */
hostStory('the embedded host', () => Promise.resolve(makeEmbeddedHost()));
