"""Fine-tune GoogLeNet in a training loop of your own: python train_in_torch.py PHOTOS EPOCHS.

PHOTOS is a folder of class folders. The result, model.safetensors, is a MODEL to every command of googlenet.
"""

import sys

import torch
import torch.nn.functional as F

import googlenet
from googlenet.images import to_square
from googlenet.network import to_model, to_network_input

dataset = googlenet.open_dataset(sys.argv[1])
training = dataset.splits["train"]
network = googlenet.GoogLeNet.from_pretrained("bvlc", classes=len(dataset.classes)).train()
optimizer = torch.optim.SGD(network.parameters(), lr=0.002, momentum=0.9, weight_decay=1e-4)

decoded = ((training.decode(index), label) for index, label in enumerate(training.labels))
squares = [
    (to_square(image, network.preprocessing), label)  # (S, S, 3) uint8 RGB
    for image, label in decoded
    if not isinstance(image, googlenet.BadImage)  # `googlenet check PHOTOS` names those
]
for epoch in range(int(sys.argv[2])):
    for images, labels in torch.utils.data.DataLoader(squares, batch_size=32, shuffle=True):
        logits = network(to_network_input(images, network.preprocessing))
        loss = F.cross_entropy(logits.main, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1}: loss {loss.item():.3f}")

googlenet.save_model(to_model(network, dataset.classes), "model.safetensors")
