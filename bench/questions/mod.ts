/**
 * All questions, in the order of the report.
 *
 * @module
 */
import type { Question, Subject } from "../harness/types.ts";
import { brokersQuestion } from "./brokers.ts";
import { brokersBacklogQuestion } from "./brokers_backlog.ts";
import { brokersPacedQuestion } from "./brokers_paced.ts";
import { builtTypeQuestion } from "./built_type.ts";
import { bulkQuestion } from "./bulk.ts";
import { bytesQuestion } from "./bytes.ts";
import { checkTimeQuestion } from "./check_time.ts";
import { churnQuestion } from "./churn.ts";
import { deferredQuestion } from "./deferred.ts";
import { emitQuestion } from "./emit.ts";
import { flowQuestion } from "./flow.ts";
import { isolationQuestion } from "./isolation.ts";
import { lanesQuestion } from "./lanes.ts";
import { latencyQuestion } from "./latency.ts";
import { messagesQuestion } from "./messages.ts";
import { messagesHeapQuestion } from "./messages_heap.ts";
import { restartQuestion } from "./restart.ts";
import { scalingQuestion } from "./scaling.ts";
import { shapesQuestion } from "./shapes.ts";
import { outboxDelayQuestion, outboxQuestion } from "./outbox.ts";
import { tenHandlersQuestion } from "./ten_handlers.ts";
import { threadsQuestion } from "./threads.ts";
import { topicsQuestion } from "./topics.ts";
import { webhookQuestion } from "./webhook.ts";
import { webhookPublishQuestion } from "./webhook_publish.ts";
import { webhookVerifyQuestion } from "./webhook_verify.ts";
import { wildcardQuestion } from "./wildcard.ts";

/** All of them. */
export const QUESTIONS: readonly Question[] = [
  emitQuestion,
  tenHandlersQuestion,
  topicsQuestion,
  builtTypeQuestion,
  wildcardQuestion,
  churnQuestion,
  isolationQuestion,
  deferredQuestion,
  bulkQuestion,
  flowQuestion,
  threadsQuestion,
  latencyQuestion,
  scalingQuestion,
  shapesQuestion,
  lanesQuestion,
  restartQuestion,
  bytesQuestion,
  messagesQuestion,
  messagesHeapQuestion,
  webhookQuestion,
  webhookPublishQuestion,
  webhookVerifyQuestion,
  brokersQuestion,
  brokersPacedQuestion,
  brokersBacklogQuestion,
  outboxQuestion,
  outboxDelayQuestion,
  checkTimeQuestion,
];

/** The subject of that name in that case. */
export function findSubject(question: string, inCase: string, name: string): Subject | undefined {
  return QUESTIONS.find(({ id }) => id === question)
    ?.cases.find((one) => one.name === inCase)
    ?.subjects.find((subject) => subject.name === name);
}
