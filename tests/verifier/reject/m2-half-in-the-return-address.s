# M2. The last byte of an access counts, too.
function f 8
        pushq %rax
bad:    movw %cx, 7(%rsp)
        popq %rax
        ret
end f
