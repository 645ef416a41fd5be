import { missingForAws, refusalOfAws } from '../support/needs-aws.ts';
import { synthesizedStage } from '../support/synthesized-stage.ts';
import { checkedBudgets, isKept } from './cost/budgets.ts';
import { billOf, times } from './cost/bill.ts';
import { sizesOf, usageOfIdleMonth, usageOfMessage } from './cost/model.ts';
import { printCost } from './cost/print.ts';
import { tellStory } from './cost/story.ts';

const MESSAGES = 1000;
const MILLION = 1e6;

/** `npm run cost`: what AWS asks for, computed from what a story really requested. Ends with 1 when a budget is broken. */
async function main(): Promise<number> {
  const missing = missingForAws();
  if (missing.length > 0) {
    const { text, exitStatus } = refusalOfAws(missing);
    process.stdout.write(text);
    return exitStatus;
  }
  const story = await tellStory(MESSAGES, (words) => {
    console.error(words);
  });
  const sizes = sizesOf(synthesizedStage());
  const message = usageOfMessage(story.inBulk, story.messages, sizes);
  const { recorded, messages } = story.oneByOne;
  const alone = usageOfMessage(recorded, messages, sizes);
  const million = billOf(times(message, MILLION), 'list');
  const budgets = checkedBudgets(story, message, million.dollars);
  printCost({
    story,
    sizes,
    million,
    alone: billOf(times(alone, MILLION), 'list'),
    month: usageOfIdleMonth(story, sizes),
    budgets,
  });
  return budgets.every(isKept) ? 0 : 1;
}

process.exitCode = await main();
