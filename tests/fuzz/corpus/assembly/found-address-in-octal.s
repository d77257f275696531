	.text
	.globl	f
	.type	f,@function
f:
	movabsq	%rax, 0123
	retq
.Lend:
	.size	f, .Lend-f
