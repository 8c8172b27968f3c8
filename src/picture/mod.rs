//! Panels as functions of a read-only view, the CPU rasterizer, PNG.
