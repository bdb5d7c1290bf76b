'use client';

import { useCallback, useRef, useState } from 'react';
import { Upload } from 'tus-js-client';

export interface Sending {
  name: string;
  size: number;
  sent: number;
  problem?: string;
}

/** Bytes of a piece: below what Next keeps of a request's body, and small enough to lose little with a connection. */
const piece = 8 * 2 ** 20;

const startOf = (file: File, run: string, hear: (change: Partial<Sending>) => void, done: () => void): Upload =>
  new Upload(file, {
    endpoint: '/api/uploads',
    chunkSize: piece,
    retryDelays: [0, 1000, 3000, 10_000, 30_000],
    metadata: { filename: file.name, run },
    // The same file for the same import goes on where it was cut off, after the page was closed, too.
    fingerprint: async () => ['duet', run, file.name, file.size, file.lastModified].join('-'),
    removeFingerprintOnSuccess: true,
    onProgress: (sent) => hear({ sent }),
    onError: (error) => hear({ problem: sentenceOf(error) }),
    onSuccess: done,
  });

function sentenceOf(error: Error): string {
  const answer = 'originalResponse' in error ? (error.originalResponse as { getBody(): string } | null) : null;
  return answer?.getBody() || 'The connection was lost. Drop the file again: the upload goes on where it was.';
}

/** Uploads files of an import, and tells how far each is. `onDone` hears of each that is here as a whole. */
export function useUploads(onDone: () => void) {
  const [sending, setSending] = useState<Sending[]>([]);
  const uploads = useRef(new Map<string, Upload>());
  const send = useCallback(
    async (run: string, files: Iterable<File>) => {
      for (const file of files) {
        const { name, size } = file;
        const change = (next: Partial<Sending> | undefined) =>
          setSending((before) =>
            before.flatMap((one) => (one.name !== name ? one : next === undefined ? [] : { ...one, ...next })),
          );
        setSending((before) => [...before.filter((one) => one.name !== name), { name, size, sent: 0 }]);
        const upload = startOf(file, run, change, () => {
          uploads.current.delete(name);
          change(undefined);
          onDone();
        });
        uploads.current.set(name, upload);
        const [earlier] = await upload.findPreviousUploads();
        if (earlier) upload.resumeFromPreviousUpload(earlier);
        upload.start();
      }
    },
    [onDone],
  );
  const stop = useCallback((name: string) => {
    void uploads.current.get(name)?.abort(true);
    uploads.current.delete(name);
    setSending((before) => before.filter((one) => one.name !== name));
  }, []);
  return { sending, send, stop };
}
