import { DuetError } from '@duet/base';

/**
 * Dense symmetric matrices of n rows in double precision, row-major: factorised, solved, inverted and put on their
 * principal axes in the memory that they lie in.
 */

/**
 * Cholesky factor L of a positive definite matrix, A = LLᵀ, written over its lower triangle (Golub & Van Loan, Matrix
 * Computations, 4th ed., algorithm 4.2.2 by rows). The upper triangle is neither read nor written.
 *
 * @throws DuetError `bad-input` where A is not positive definite
 */
export function factorise(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      let sum = a[row + j]!;
      for (let k = 0; k < j; k++) sum -= a[row + k]! * a[other + k]!;
      if (j < i) a[row + j] = sum / a[other + j]!;
      else if (sum > 0) a[row + i] = Math.sqrt(sum);
      else {
        throw new DuetError('bad-input', `A system of ${n} equations is singular at row ${i}.`, {
          fix: 'Raise the regularisation: it makes every system of this kind solvable.',
        });
      }
    }
  }
}

/** x of LLᵀx = b, written over b, for the factor that `factorise` leaves. */
export function solve(l: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = b[i]!;
    for (let k = 0; k < i; k++) sum -= l[i * n + k]! * b[k]!;
    b[i] = sum / l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    const x = b[i]! / l[i * n + i]!;
    b[i] = x;
    for (let k = 0; k < i; k++) b[k]! -= l[i * n + k]! * x;
  }
}

/**
 * Inverse of a positive definite matrix, written over it, both triangles: A⁻¹ = L⁻ᵀL⁻¹.
 *
 * @throws DuetError `bad-input` where A is not positive definite
 */
export function invert(a: Float64Array, n: number): void {
  factorise(a, n);
  // M = L⁻¹, row by row over L: M_i = (e_i − Σ_k<i L_ik M_k) / L_ii.
  const factor = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    factor.set(a.subarray(row, row + i));
    const scale = 1 / a[row + i]!;
    a.fill(0, row, row + i);
    for (let k = 0; k < i; k++) {
      const weight = factor[k]! * scale;
      for (let j = 0; j <= k; j++) a[row + j]! -= weight * a[k * n + j]!;
    }
    a[row + i] = scale;
  }
  // Row i of MᵀM needs rows i, i + 1, … of M, so rows above may be written over.
  for (let i = 0; i < n; i++) {
    const row = i * n;
    const sum = factor.fill(0);
    for (let k = i; k < n; k++) {
      const weight = a[k * n + i]!;
      for (let j = 0; j <= i; j++) sum[j]! += weight * a[k * n + j]!;
    }
    a.set(sum.subarray(0, i + 1), row);
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[j * n + i] = a[i * n + j]!;
}

/**
 * Eigenvectors of a symmetric matrix, as the rows of an orthogonal V with V·A·Vᵀ diagonal, by cyclic Jacobi rotations
 * (Golub & Van Loan, algorithm 8.5.3), which cost little where A is nearly diagonal. A is left as that diagonal matrix.
 */
export function principalAxes(a: Float64Array, n: number): Float64Array {
  const v = new Float64Array(n * n);
  let trace = 0;
  for (let i = 0; i < n; i++) {
    v[i * n + i] = 1;
    trace += Math.abs(a[i * n + i]!);
  }
  const turn = (m: Float64Array, p: number, q: number, c: number, s: number) => {
    for (let k = 0; k < n; k++) {
      const x = m[p * n + k]!;
      const y = m[q * n + k]!;
      m[p * n + k] = c * x - s * y;
      m[q * n + k] = s * x + c * y;
    }
  };
  for (let turned = true; turned; ) {
    turned = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const off = a[p * n + q]!;
        const app = a[p * n + p]!;
        const aqq = a[q * n + q]!;
        if (Math.abs(off) <= 1e-13 * trace) continue;
        turned = true;
        const tau = (aqq - app) / (2 * off);
        const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.hypot(1, tau));
        const c = 1 / Math.sqrt(1 + t * t);
        const s = t * c;
        turn(a, p, q, c, s);
        turn(v, p, q, c, s);
        for (let k = 0; k < n; k++) {
          a[k * n + p] = a[p * n + k]!;
          a[k * n + q] = a[q * n + k]!;
        }
        a[p * n + p] = app - t * off;
        a[q * n + q] = aqq + t * off;
        a[p * n + q] = 0;
        a[q * n + p] = 0;
      }
    }
  }
  return v;
}
