# M2. One byte below rsp is as bad as eight.
function f
        pushq %rax
bad:    movb %cl, -1(%rsp)
        popq %rax
        ret
end f
