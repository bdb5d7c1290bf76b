/** By which the proxy tells a page under which path it was asked for. */
export const pathHeader = 'x-duet-path';
