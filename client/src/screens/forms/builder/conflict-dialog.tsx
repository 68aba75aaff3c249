/** Somebody else has saved the form meanwhile. */
import { Button } from '@/ui/button';
import { Dialog, DialogActions } from '@/ui/dialog';

interface Props {
  isOpen: boolean;
  isBusy: boolean;
  onClose: () => void;
  onTheirs: () => void;
  onMine: () => void;
}

export const ConflictDialog = ({ isOpen, isBusy, onClose, onTheirs, onMine }: Props) => (
  <Dialog open={isOpen} onClose={onClose} title="Somebody else has saved this form meanwhile">
    <div className="grid gap-2 text-sm text-muted">
      <p>What you have changed is still here, and not saved.</p>
      <p>
        Load what is saved, and your changes are lost. Or save yours, and what the other person changed is lost. To look at
        both, copy yours from “As a file” first.
      </p>
    </div>
    <DialogActions>
      <Button onClick={onClose}>Back to mine</Button>
      <Button look="danger" disabled={isBusy} onClick={onTheirs}>
        Load what is saved
      </Button>
      <Button look="danger" busy={isBusy} onClick={onMine}>
        Save mine over it
      </Button>
    </DialogActions>
  </Dialog>
);
