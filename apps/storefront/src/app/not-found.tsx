import Link from 'next/link';

export default function NotFound() {
  return (
    <div className="card mx-auto flex max-w-xl flex-col items-center gap-4 p-12 text-center">
      <h1 className="font-bold text-2xl">We don’t have that</h1>
      <p className="text-quiet">The page or the gift is not here, or no longer.</p>
      <Link href="/" className="button">
        See what we recommend
      </Link>
    </div>
  );
}
