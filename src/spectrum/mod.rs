//! Leading eigenpairs of the preconditioned Hessian P⁻¹H, warm-started from where the dynamics were.
