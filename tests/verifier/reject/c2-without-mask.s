# C2. Without the mask, r10 reaches 4 GiB.
function f
        movl %ecx, %r10d
        nop
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
