/**
 * The chance that a shopper looks at a place of a list, from 0: (1 / (place + 1))^η, the position-based model with the
 * curve of T. Joachims, A. Swaminathan, T. Schnabel (WSDM 2017, "Unbiased Learning-to-Rank with Biased Feedback",
 * §6.1), who simulate with η = 1. A click needs a look and an item that attracts (M. Richardson, E. Dominowska, R.
 * Ragno, WWW 2007;
 * N. Craswell et al., WSDM 2008, §3.3).
 */
export const examination = (place: number, eta = 1): number => (1 / (place + 1)) ** eta;
