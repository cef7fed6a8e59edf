"""What vLLM mixes into its workers, the processes where the model is (its option worker_extension_cls)."""

from typing import Any


class LoadsTrained:
    """A worker that takes new weights while it runs."""

    def load_trained(self: Any, folder: str) -> None:
        """Load the safetensors of a folder into the running model."""
        self.reload_weights(weights_path=folder)
        # A head tied to the embedding is not in the files, so the copy that a CPU keeps packed would stay the old one.
        head = self.get_model().language_model.lm_head
        head.quant_method.process_weights_after_loading(head)
