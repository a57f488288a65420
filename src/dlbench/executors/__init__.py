"""Where work units run. The parent plans and writes; torch lives in the workers."""
