from lamina.engine.reference.executor import ReferenceExecutor as ReferenceExecutor
