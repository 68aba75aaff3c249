/** Parameters of a workflow within another form: as fields, or as JSON for whoever prefers that. */
import { Braces, ListChecks } from 'lucide-react';
import { useImperativeHandle, useState, type Ref } from 'react';
import { useForm } from 'react-hook-form';
import { objectOf } from '@/lib/entered';
import { initial, resolver, type Field as FieldOf, type Values } from '@/lib/parameters';
import { Button } from '@/ui/button';
import { Field, TextArea } from '@/ui/field';
import { FormField } from './form-field';
import { useTold } from './use-told';

export type Input = Record<string, unknown>;

/** What the form around can ask for. */
export interface ParametersHandle {
  /** The input; nothing where something is wrong, which then stands at its field. */
  read: () => Promise<Input | undefined>;
}

interface Props {
  ref: Ref<ParametersHandle>;
  /** None: only as JSON. */
  fields: readonly FieldOf[];
  input: Input;
  legend?: string;
  /** Told what the fields hold, as far as it is right. */
  onInput?: (input: Input) => void;
}

const asText = (input: Input): string => JSON.stringify(input, null, 2);

export function ParametersForm({ ref, fields, input, legend = 'Parameters', onInput }: Props) {
  const [isText, setIsText] = useState(fields.length === 0);
  const [text, setText] = useState(() => asText(input));
  const [problem, setProblem] = useState<string>();
  // What no parameter has a name for, for functions that take anything.
  const [rest, setRest] = useState(() => others(input));
  const { control, handleSubmit, reset, watch, getValues } = useForm<Values, unknown, Input>({
    defaultValues: valuesOf(input),
    resolver: resolver(fields),
    mode: 'onTouched',
  });
  useTold({ watch, getValues, fields, onInput });

  function others(of: Input): Input {
    return Object.fromEntries(Object.entries(of).filter(([name]) => !fields.some((field) => field.name === name)));
  }
  function valuesOf(of: Input): Values {
    return Object.fromEntries(fields.map((field) => [field.name, initial(field, of)]));
  }
  const readText = (): Input | undefined => {
    const result = objectOf(text);
    setProblem('problem' in result ? result.problem : undefined);
    return 'value' in result ? result.value : undefined;
  };
  const readFields = () =>
    new Promise<Input | undefined>((resolve) => {
      void handleSubmit(
        (value) => resolve({ ...rest, ...value }),
        () => resolve(undefined),
      )();
    });
  useImperativeHandle(ref, () => ({ read: () => (isText ? Promise.resolve(readText()) : readFields()) }));

  const turn = async () => {
    if (isText) {
      const value = readText();
      if (value === undefined) return;
      setRest(others(value));
      reset(valuesOf(value));
    } else {
      setText(asText((await readFields()) ?? input));
    }
    setIsText(!isText);
  };
  return (
    <fieldset className="grid gap-4 rounded-md border p-3">
      <legend className="px-1 text-ui font-medium">{legend}</legend>
      {isText ? (
        <Field label="As JSON" help={`An object of parameters by name, such as {"name": "Ada"}.`} error={problem}>
          {(tied) => (
            <TextArea
              {...tied}
              rows={5}
              spellCheck={false}
              className="font-mono text-xs"
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                const result = objectOf(event.target.value);
                if ('value' in result) onInput?.(result.value);
              }}
            />
          )}
        </Field>
      ) : (
        fields.map((field) => <FormField key={field.name} field={field} fields={fields} control={control} />)
      )}
      {fields.length > 0 && (
        <Button size="small" look="quiet" className="justify-self-start" onClick={() => void turn()}>
          {isText ? <ListChecks aria-hidden /> : <Braces aria-hidden />}
          {isText ? 'As fields' : 'As JSON'}
        </Button>
      )}
    </fieldset>
  );
}
