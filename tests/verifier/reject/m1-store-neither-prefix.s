# M1. An absolute address, written.
function f
bad:    movl %ecx, (%rax)
        ret
end f
