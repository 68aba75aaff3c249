/** Searches and replaces beside the page, so that neither many files nor a slow pattern keep it from typing. */
import { find, patternOf, type Found, type Question } from './find';
import { replaceAll, type Replaced, type Replacement } from './replace';

export interface Task {
  files: [path: string, text: string][];
  question: Question;
  /** Makes other files of them, rather than listing lines. */
  replacement?: Replacement;
}

export interface Refused {
  problem: string;
}

onmessage = ({ data: { files, question, replacement } }: MessageEvent<Task>) => {
  const pattern = patternOf(question);
  const answer: Found | Replaced | Refused = !(pattern instanceof RegExp)
    ? pattern
    : replacement === undefined
      ? find(files, pattern)
      : replaceAll(files, pattern, replacement);
  postMessage(answer);
};
