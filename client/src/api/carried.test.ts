import { describe, expect, it } from 'vitest';
import { CarriedAnswers } from './carried';

const TEXT = JSON.stringify({
  organization: null,
  answers: {
    '/api/me': { status: 200, body: { name: 'Ada' } },
    '/api/runs?limit=1': { status: 404, body: { title: 'Not found' } },
  },
});

const get = (path: string): Request => new Request(`http://bifrost.test${path}`);

describe('answers that came with the page', () => {
  it('are taken once', async () => {
    const answers = new CarriedAnswers(TEXT, () => 100);
    expect(await answers.take(get('/api/me'), undefined)?.json()).toEqual({ name: 'Ada' });
    expect(answers.take(get('/api/me'), undefined)).toBeUndefined();
  });

  it('are refusals too, and belong to a query', () => {
    const answers = new CarriedAnswers(TEXT, () => 100);
    expect(answers.take(get('/api/runs'), undefined)).toBeUndefined();
    expect(answers.take(get('/api/runs?limit=1'), undefined)?.status).toBe(404);
  });

  it('are not those of another organization', () => {
    const answers = new CarriedAnswers(TEXT, () => 100);
    expect(answers.take(get('/api/me'), 'other')).toBeUndefined();
    expect(answers.take(get('/api/me'), undefined)?.status).toBe(200);
  });

  it('are gone once something was changed: somebody else may have signed in', () => {
    const answers = new CarriedAnswers(TEXT, () => 100);
    expect(answers.take(new Request('http://bifrost.test/api/sessions', { method: 'POST' }), undefined)).toBeUndefined();
    expect(answers.take(get('/api/me'), undefined)).toBeUndefined();
  });

  it('are what a query begins with, unless they are refusals', () => {
    const answers = new CarriedAnswers(TEXT, () => 100);
    expect(answers.data('/api/me', 'other')).toBeUndefined();
    expect(answers.data('/api/me', undefined)).toEqual({ name: 'Ada' });
    expect(answers.data('/api/me', undefined)).toBeUndefined();
    expect(answers.data('/api/runs?limit=1', undefined)).toBeUndefined();
    expect(answers.take(get('/api/runs?limit=1'), undefined)?.status).toBe(404);
  });

  it('are gone after a while', () => {
    expect(new CarriedAnswers(TEXT, () => 31_000).take(get('/api/me'), undefined)).toBeUndefined();
  });

  it('need not be there', () => {
    expect(new CarriedAnswers(undefined, () => 0).take(get('/api/me'), undefined)).toBeUndefined();
  });
});
