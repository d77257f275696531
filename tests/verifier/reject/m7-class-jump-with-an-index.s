# M7. The same for a jump.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
bad:    jmpq *FT(%r10,%rax,8)
end f
