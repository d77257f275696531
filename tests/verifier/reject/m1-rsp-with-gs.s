# M1. The stack through gs.
function f
bad:    movl %gs:(%rsp), %ecx
        ret
end f
