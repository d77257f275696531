# Twin of reject/s2-lea-half.s, without the fault.
function f
        leal 8(%rbp), %ebp
        ret
end f
