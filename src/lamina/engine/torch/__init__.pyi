from lamina.engine.torch.executor import TorchExecutor as TorchExecutor
