/** What fields there are, for people who build a form. */
import {
  AtSign,
  Calendar,
  CalendarClock,
  CircleDot,
  CodeXml,
  Hash,
  ListChecks,
  Paperclip,
  Pilcrow,
  SquareChevronDown,
  SquareCheck,
  TextCursorInput,
  TextQuote,
  type LucideIcon,
} from 'lucide-react';
import type { FieldType } from '@/api/forms';

export interface TypeInfo {
  label: string;
  icon: LucideIcon;
}

export const FIELD_TYPES: Record<FieldType, TypeInfo> = {
  text: { label: 'Text', icon: TextCursorInput },
  textarea: { label: 'Long text', icon: Pilcrow },
  email: { label: 'E-mail', icon: AtSign },
  number: { label: 'Number', icon: Hash },
  checkbox: { label: 'Yes or no', icon: SquareCheck },
  select: { label: 'One of a list', icon: SquareChevronDown },
  radio: { label: 'Radio buttons', icon: CircleDot },
  multi_select: { label: 'Multiple choice', icon: ListChecks },
  date: { label: 'Date', icon: Calendar },
  datetime: { label: 'Date and time', icon: CalendarClock },
  file: { label: 'File', icon: Paperclip },
  markdown: { label: 'Note', icon: TextQuote },
  html: { label: 'HTML', icon: CodeXml },
};

export const TYPE_NAMES = Object.keys(FIELD_TYPES) as FieldType[];
