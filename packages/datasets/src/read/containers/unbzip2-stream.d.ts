declare module 'unbzip2-stream' {
  /** A stream of what bzip2's bytes decompress to. */
  export default function unbzip2(): NodeJS.ReadWriteStream;
}
