/** The two sides of an SQS queue, under the name by which the hosts know the adapter. */
export { sqsSender } from './sqs-sender.ts';
export { sqsSource } from './sqs-source.ts';
