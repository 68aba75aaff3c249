/** Searches beside the page, so that neither many files nor a slow pattern keep it from typing. */
import { find, patternOf, type Found, type Question } from './find';

export interface Task {
  files: [path: string, text: string][];
  question: Question;
}

export type Answer = Found | { problem: string };

onmessage = ({ data: { files, question } }: MessageEvent<Task>) => {
  const pattern = patternOf(question);
  const answer: Answer = pattern instanceof RegExp ? find(files, pattern) : pattern;
  postMessage(answer);
};
