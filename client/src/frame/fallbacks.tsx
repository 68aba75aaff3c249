/** What stands in place of a screen: while it loads, when it fails, where there is none. */
import { useRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { MapPinOff } from 'lucide-react';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Page } from '@/ui/page';
import { Empty, Failure, Skeleton, SkeletonRows } from '@/ui/states';

export const Pending = () => (
  <div className="mx-auto grid w-full max-w-6xl gap-5 px-4 py-5 sm:px-6 lg:py-7">
    <Skeleton className="h-7 w-56" />
    <Card padded={false}>
      <SkeletonRows />
    </Card>
  </div>
);

export function ScreenError({ error }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <Page title="This page could not be shown">
      <Card padded={false}>
        <Failure error={error} retry={() => void router.invalidate()} />
      </Card>
    </Page>
  );
}

export const NotFound = () => (
  <Page title="There is nothing at this address">
    <Card>
      <Empty
        icon={MapPinOff}
        title="The link may be out of date or incomplete"
        action={
          <LinkButton to="/" look="primary">
            Go to Home
          </LinkButton>
        }
      />
    </Card>
  </Page>
);
