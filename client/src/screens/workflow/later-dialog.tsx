/** When a run starts that is not to start now. */
import { useForm } from 'react-hook-form';
import { Button } from '@/ui/button';
import { Dialog, DialogActions } from '@/ui/dialog';
import { Field, Input } from '@/ui/field';

interface Props {
  open: boolean;
  onClose: () => void;
  /** With a time in RFC 3339. */
  onChoose: (at: string) => void;
}

/** Local time as the browser's field takes it, to the minute. */
function inOneHour(): string {
  const time = new Date(Date.now() + 3_600_000);
  time.setMinutes(time.getMinutes() - time.getTimezoneOffset());
  return time.toISOString().slice(0, 16);
}

export function LaterDialog({ open, onClose, onChoose }: Props) {
  const { register, handleSubmit } = useForm({ defaultValues: { at: inOneHour() } });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <Dialog open={open} onClose={onClose} title="Run it later" description="It runs once. Until then, you can cancel it.">
      <form
        onSubmit={(event) => {
          // This dialog stands within the form of the workflow, which is not to be sent.
          event.stopPropagation();
          void handleSubmit(({ at }) => {
            onChoose(new Date(at).toISOString());
            onClose();
          })(event);
        }}
      >
        <Field label="Start" help={`In your time zone, ${zone}, and at most a year ahead.`}>
          {(tied) => <Input {...tied} {...register('at')} type="datetime-local" required />}
        </Field>
        <DialogActions>
          <Button onClick={onClose}>Back</Button>
          <Button type="submit" look="primary">
            Schedule run
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
