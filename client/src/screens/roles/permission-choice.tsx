/** Permissions to tick, by area. */
import type { Permission } from '@/api/types';
import { CheckField } from '@/ui/field';
import { byArea, permissionLabel } from './permissions';

interface Props {
  permissions: readonly Permission[];
  chosen: readonly Permission[];
  onChange: (chosen: Permission[]) => void;
  /** What a permission means, in a sentence, where that is known. */
  help?: (name: Permission) => string | undefined;
  disabled?: (name: Permission) => boolean;
}

export function PermissionChoice({ permissions, chosen, onChange, help, disabled }: Props) {
  return (
    <fieldset className="grid gap-5">
      <legend className="mb-3 text-ui font-medium">Permissions</legend>
      {byArea(permissions).map(([area, names]) => (
        <fieldset key={area} className="grid gap-2.5">
          <legend className="mb-2 w-full border-b pb-1 text-xs font-medium text-muted">{area}</legend>
          {names.map((name) => (
            <CheckField
              key={name}
              label={
                <>
                  {permissionLabel(name)} <code className="ml-1 font-mono text-2xs font-normal text-muted">{name}</code>
                </>
              }
              help={help?.(name)}
              checked={chosen.includes(name)}
              disabled={disabled?.(name) ?? false}
              onChange={({ target }) => onChange(target.checked ? [...chosen, name] : chosen.filter((one) => one !== name))}
            />
          ))}
        </fieldset>
      ))}
    </fieldset>
  );
}
