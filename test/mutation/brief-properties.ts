import fc from 'fast-check';

/** A property has this long against each mutant, milliseconds; what it has tried by then is enough to tell most. */
const PROPERTY_MS = 150;

fc.installGlobalPlugin(fc.interruptAfterTimeLimit(PROPERTY_MS));
