'use client';

import Link from 'next/link';
import { usePathname, useRouter } from 'next/navigation';
import { useEffect, useId, useRef } from 'react';
import { Allowed } from '#components/people/allowed.tsx';
import { datasetPath } from '#dataset-path.ts';
import { GoTo } from './go-to.tsx';
import { datasetPages, installationPages } from './places.ts';

interface NavigationProps {
  /** Names of all datasets. */
  names: string[];
  /** The one that links lead to from a page that is of none. */
  preferred: string | undefined;
}

/** Which dataset is looked at, and its pages. */
export function Navigation({ names, preferred }: NavigationProps) {
  const pathname = usePathname();
  const menu = useRef<HTMLDetailsElement>(null);
  const [, root, encoded, section] = pathname.split('/');
  const chosen = root === 'datasets' && encoded ? decodeURIComponent(encoded) : undefined;
  const dataset = chosen ?? preferred;
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a narrow screen the menu folds once it has led somewhere
  useEffect(() => menu.current?.removeAttribute('open'), [pathname]);
  const links = (
    <nav aria-label="Main" className="space-y-4">
      {dataset !== undefined && (
        <div className="space-y-1">
          <DatasetSwitcher names={names} chosen={chosen} section={section ?? ''} />
          {datasetPages.map(({ path, title }) => (
            <Place
              key={path}
              href={`${datasetPath(dataset)}${path}`}
              title={title}
              isHere={chosen !== undefined && (section ?? '') === path.slice(1)}
            />
          ))}
        </div>
      )}
      <div className="space-y-1 border-t border-line pt-3">
        {installationPages.map(({ href, title, need }) => (
          <Allowed key={href} to={need}>
            <Place
              href={href}
              title={title}
              isHere={pathname === href || (href !== '/datasets' && pathname.startsWith(`${href}/`))}
            />
          </Allowed>
        ))}
        <div className="lg:hidden">
          <Place href="/account" title="Your account" isHere={pathname === '/account'} />
        </div>
      </div>
    </nav>
  );
  return (
    <>
      <GoTo dataset={dataset} names={names} />
      <div className="hidden lg:block">{links}</div>
      <details ref={menu} className="lg:hidden">
        <summary className="button button-quiet absolute top-2.5 right-4">Menu</summary>
        <div className="pt-3 pb-2">{links}</div>
      </details>
    </>
  );
}

function Place({ href, title, isHere }: { href: string; title: string; isHere: boolean }) {
  return (
    <Link
      href={href}
      aria-current={isHere ? 'page' : undefined}
      className="block rounded-md px-3 py-1.5 whitespace-nowrap text-muted hover:bg-line/60 hover:text-ink aria-[current=page]:bg-line aria-[current=page]:font-medium aria-[current=page]:text-ink"
    >
      {title}
    </Link>
  );
}

interface DatasetSwitcherProps {
  names: string[];
  chosen: string | undefined;
  section: string;
}

/** Chooses the dataset that every page is about; it goes to the same page of that one. */
function DatasetSwitcher({ names, chosen, section }: DatasetSwitcherProps) {
  const router = useRouter();
  // The wide and the narrow menu each have one.
  const id = useId();
  return (
    <div className="mb-3">
      <label htmlFor={id} className="sr-only">
        Dataset
      </label>
      <select
        id={id}
        className="input truncate font-medium"
        value={chosen ?? ''}
        onChange={({ target }) => router.push(`${datasetPath(target.value)}${section && `/${section}`}`)}
      >
        {chosen === undefined && <option value="">Choose a dataset</option>}
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </div>
  );
}
