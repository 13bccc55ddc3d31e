"""How much has to travel: sizes of images, weights and objects, and what was learnt of them."""
