	.text
	.globl	f
	.type	f,@function
f:
	leaq
	retq
.Lend:
	.size	f, .Lend-f
