# M7. An index leads beyond the entry that was checked.
function f
        movl %ecx, %r10d
        andl $MASK, %r10d
        movl %r10d, %r10d
bad:    callq *FT(%r10,%rax,8)
        ret
end f
