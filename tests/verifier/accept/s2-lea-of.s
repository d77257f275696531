# Twin of reject/s2-lea-of.s, without the fault.
function f
        leaq 8(%rbp), %rax
        ret
end f
