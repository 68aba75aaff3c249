/** When a field is shown, can be changed, has to be filled in, and what it holds at first. */
import { isContent } from '@/lib/form-values';
import { RULES } from '@/lib/form-draft';
import { Section, type PanelProps } from './field-panel';
import { RuleEditor } from './rule-editor';

export function RulesPanel({ field, path, change }: PanelProps) {
  const used = RULES.some((rule) => (field[rule] ?? '') !== '');
  const fillable = !isContent(field);
  return (
    <Section title="Rules" isOpen={used}>
      <p className="text-xs text-muted">
        Rules see <code className="font-mono">fields.name</code>, <code className="font-mono">context.user.email</code>,{' '}
        <code className="font-mono">context.organization.name</code>, <code className="font-mono">context.query.name</code>,{' '}
        <code className="font-mono">context.workflow</code> and <code className="font-mono">now</code>.
      </p>
      <RuleEditor
        label="Shown when"
        isCondition
        value={field.visibility_expression}
        path={`${path}.visibility_expression`}
        placeholder='fields.country == "DE" && size(fields.users) > 3'
        onChange={(visibility_expression) => change({ visibility_expression })}
      />
      {fillable && (
        <>
          <RuleEditor
            label="Can be changed when"
            help="Otherwise it keeps its default."
            isCondition
            value={field.enabled_expression}
            path={`${path}.enabled_expression`}
            placeholder="!fields.same_as_before"
            onChange={(enabled_expression) => change({ enabled_expression })}
          />
          <RuleEditor
            label="Required when"
            isCondition
            value={field.required_expression}
            path={`${path}.required_expression`}
            placeholder="fields.count > 10"
            onChange={(required_expression) => change({ required_expression })}
          />
          {field.type !== 'file' && (
            <RuleEditor
              label="Computed default"
              help="Wins over a fixed default, and is computed again until somebody fills the field in."
              value={field.default_expression}
              path={`${path}.default_expression`}
              placeholder="addDays(now, 7)"
              onChange={(default_expression) => change({ default_expression })}
            />
          )}
        </>
      )}
    </Section>
  );
}
