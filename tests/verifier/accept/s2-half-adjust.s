# Twin of reject/s2-half-adjust.s, without the fault.
function f
        addl $8, %ebp
        ret
end f
